import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { NewAccessKey } from '../contract/keys.ts'

export interface FirstStartDeps {
  readonly endpoint: string
  readonly adminFile: string
  readonly profileFile: string
  /** For a profile beside one that is somebody else's. */
  readonly instanceName: string
  /** What the command line acts on when nothing else is said. */
  readonly tenant: string | null
  readonly isFirstStart: boolean
  readonly createAdmin: () => Promise<NewAccessKey>
  /** The key of a first start that was cut short before it was written down. */
  readonly unusedAdmin: () => Promise<NewAccessKey | undefined>
}

const Profiles = z.looseObject({
  current: z.string(),
  profiles: z.record(z.string(), z.unknown()),
})

/**
 * The first start makes the operator's access key, writes it for scripts (`admin.json`) and for the
 * command line (its profile), and answers it, so that it can be shown this once. A later one does so
 * again when the first one came no further than the key.
 */
export async function firstStart(deps: FirstStartDeps): Promise<NewAccessKey | undefined> {
  const isThere = existsSync(deps.adminFile)
  if (!deps.isFirstStart && isThere) {
    moveEndpoint(deps)
    return undefined
  }
  const key = await (deps.isFirstStart ? deps.createAdmin() : deps.unusedAdmin())
  if (key) writeDown(deps, key)
  return key
}

function writeDown(deps: FirstStartDeps, key: NewAccessKey): void {
  const { id: accessKeyId, secretKey, apiKey } = key
  const { endpoint } = deps
  writePrivate(deps.adminFile, { endpoint, accessKeyId, secretKey, apiKey })
  const { tenant } = deps
  const profile = { endpoint, accessKeyId, secretKey, version: key.version }
  writeProfile(deps, tenant === null ? profile : { ...profile, tenant })
}

/** The API may listen elsewhere than at the first start; what scripts read follows it. */
function moveEndpoint({ adminFile, endpoint }: FirstStartDeps): void {
  const admin = readJson(adminFile, z.looseObject({ endpoint: z.string() }))
  if (admin && admin.endpoint !== endpoint) writePrivate(adminFile, { ...admin, endpoint })
}

/** Beside the profiles that are there; one that cannot be read is the user's, and stays. */
function writeProfile(deps: FirstStartDeps, profile: object): void {
  const { profileFile } = deps
  const known = readJson(profileFile, Profiles)
  if (!known && existsSync(profileFile)) return
  const name = nameFor(known?.profiles['default'], deps)
  const profiles = { ...known?.profiles, [name]: profile }
  mkdirSync(dirname(profileFile), { recursive: true, mode: 0o700 })
  writePrivate(profileFile, { current: name, ...known, profiles })
}

/** Undefined where the file is not what we would have written. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** The default profile is ours if nobody has it, or if it was an earlier platform's at this address. */
function nameFor(taken: unknown, { endpoint, instanceName }: FirstStartDeps): string {
  if (taken === undefined) return 'default'
  const theirs = z.looseObject({ endpoint: z.string() }).safeParse(taken)
  return theirs.success && theirs.data.endpoint === endpoint ? 'default' : instanceName
}

/** Never seen half written, nor by others. */
function writePrivate(path: string, value: object): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}
