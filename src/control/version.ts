import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Package = z.object({ version: z.string() })
const path = join(import.meta.dirname, '../../package.json')

/** Read once from package.json, which is the only place that says it. */
export const VERSION = Package.parse(JSON.parse(readFileSync(path, 'utf8'))).version
