import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { ReferenceScript } from '../http/reference.ts'

const compressed = promisify(brotliCompress)

/** Nearly as small as the best, and thirty times as fast: it is done once, when a browser first asks. */
const QUALITY = 5

/** By its path: the package's exports name only its parts for bundlers. */
const path = join(
  import.meta.dirname,
  '../../node_modules/@scalar/api-reference/dist/browser/standalone.js',
)

const plain = async (): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(path))

/** Scalar's one file for the browser, out of its package, compressed once and kept. */
export function referenceScript(): ReferenceScript {
  let small: Promise<Uint8Array<ArrayBuffer>> | undefined
  async function make(): Promise<Uint8Array<ArrayBuffer>> {
    const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY }
    return new Uint8Array(await compressed(await plain(), { params }))
  }
  return { plain, compressed: () => (small ??= make()) }
}
