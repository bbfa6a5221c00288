/**
 * The one place of the command line that reads the environment; the platform's own is
 * src/config.ts. Everything else gets what it needs from here, as a value.
 */
import { join } from 'node:path'
import process from 'node:process'
import type { Environment, World } from './world.ts'

/** The environment of this process, for the composition root alone. */
export const environment = (): Environment => process.env

export interface Settings {
  readonly endpoint: string | null
  readonly apiKey: string | null
  readonly accessKeyId: string | null
  readonly secretKey: string | null
  readonly keyVersion: number
  readonly tenant: string | null
  /** A file with the certificate of an authority, for whoever has no profile. */
  readonly caFile: string | null
  readonly profile: string | null
  readonly profilePath: string
  /** Where a platform on this machine leaves the key of its first admin. */
  readonly adminPath: string
  readonly color: boolean
}

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:7070'

export function settingsFrom({
  env,
  home,
  isRoot,
}: Pick<World, 'env' | 'home' | 'isRoot'>): Settings {
  const given = (name: string): string | null => {
    const value = env[name]
    return value === undefined || value === '' ? null : value
  }
  const dataPath = isRoot ? '/var/lib/cloudlet' : join(home, '.local', 'share', 'cloudlet')
  const configPath = given('XDG_CONFIG_HOME') ?? join(home, '.config')
  const version = given('CLOUDLET_KEY_VERSION') ?? '1'
  return {
    endpoint: given('CLOUDLET_ENDPOINT'),
    apiKey: given('CLOUDLET_API_KEY'),
    accessKeyId: given('CLOUDLET_ACCESS_KEY_ID'),
    secretKey: given('CLOUDLET_SECRET_KEY'),
    keyVersion: /^[1-9]\d{0,8}$/.test(version) ? Number(version) : 1,
    tenant: given('CLOUDLET_TENANT'),
    caFile: given('CLOUDLET_CA_FILE'),
    profile: given('CLOUDLET_PROFILE'),
    profilePath: join(configPath, 'cloudlet', 'profile.json'),
    adminPath: join(given('CLOUDLET_DATA_DIR') ?? dataPath, 'admin.json'),
    color: given('NO_COLOR') === null,
  }
}
