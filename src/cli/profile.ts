import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { CommandError, EXIT } from './exit.ts'

/** Where a platform is, and with which key to go there: a token on record, or an access key. */
export const Profile = z.object({
  endpoint: z.url({ protocol: /^https?$/ }),
  apiKey: z.string().optional(),
  accessKeyId: z.string().optional(),
  secretKey: z.string().optional(),
  version: z.int().min(1).optional(),
  /** Certificates of an authority that is trusted beside those of the machine, PEM. */
  ca: z.string().optional(),
  /** What `--tenant` is when it is not given. */
  tenant: z.string().optional(),
})
export type Profile = z.infer<typeof Profile>

const Profiles = z.object({ current: z.string(), profiles: z.record(z.string(), Profile) })
type Profiles = z.infer<typeof Profiles>

export const DEFAULT_PROFILE = 'default'

/** The profiles on record; none when there is no file yet. */
export async function readProfiles(path: string): Promise<Profiles> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null
    throw new CommandError(EXIT.failed, `Cannot read the profiles in "${path}"`)
  })
  if (text === null) return { current: DEFAULT_PROFILE, profiles: {} }
  const read = Profiles.safeParse(json(text))
  if (read.success) return read.data
  throw new CommandError(
    EXIT.failed,
    `Cannot understand the profiles in "${path}"`,
    'Move the file away and sign in again: cloudlet login',
  )
}

/**
 * Writes one profile and makes it the current one. The file is replaced as a whole, so that it is
 * never seen half written, and nobody else can read it at any moment.
 */
export async function saveProfile(path: string, name: string, profile: Profile): Promise<void> {
  const { profiles } = await readProfiles(path)
  const next: Profiles = { current: name, profiles: { ...profiles, [name]: profile } }
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}`
  await rm(temporary, { force: true }) // `wx` below refuses to write into what lies there already.
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(next, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(temporary, 0o600)
  await rename(temporary, path)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // The schema refuses it, which is what the caller is told.
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
