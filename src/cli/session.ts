import { client, type Client } from '../client/client.ts'
import { type TokenSource } from '../client/transport.ts'
import { whoami } from '../contract/keys.ts'
import { CommandError, EXIT, usageError } from './exit.ts'
import { DEFAULT_PROFILE, type Profile, readProfiles, saveProfile } from './profile.ts'
import { DEFAULT_ENDPOINT, type Settings } from './settings.ts'
import { didYouMean } from './suggestion.ts'
import type { World } from './world.ts'

/** Where to go and with which key. */
export interface Session {
  readonly endpoint: string
  readonly api: Client
  /** The name of the profile the key is from; null when it is from the environment. */
  readonly profileName: string | null
  readonly profile: Profile
  /** The one that was asked for, else the profile's, else the key's own; null for a platform's key. */
  tenant(): Promise<string | null>
}

interface SessionDeps {
  readonly world: World
  readonly settings: Settings
  readonly profile: string | null
  readonly endpoint: string | null
  readonly tenant: string | null
}

export async function openSession(deps: SessionDeps): Promise<Session> {
  const { world, settings } = deps
  const found = await profileOf(deps)
  const api = clientFor(world, found.profile)

  async function tenant(): Promise<string | null> {
    const named = deps.tenant ?? settings.tenant ?? found.profile.tenant
    if (named !== undefined && named !== null) return named
    const own = (await api.call(whoami, {})).tenant
    if (own !== null && found.name !== null) {
      await saveProfile(settings.profilePath, found.name, { ...found.profile, tenant: own })
    }
    return own
  }

  return {
    endpoint: found.profile.endpoint,
    api,
    profileName: found.name,
    profile: found.profile,
    tenant,
  }
}

/** A client that goes where a profile says, with its key; without one only to what is public. */
export function clientFor(world: World, profile: Profile): Client {
  return client({
    endpoint: profile.endpoint,
    token: tokenSource(world, profile),
    fetch: isSecure(profile) ? world.trusting(profile.ca ?? null).fetch : world.fetch,
    now: () => world.now().getTime(),
    newId: () => world.newId(),
    signal: world.signal,
  })
}

export const isSecure = ({ endpoint }: Pick<Profile, 'endpoint'>): boolean =>
  /^https:/i.test(endpoint)

interface FoundProfile {
  readonly name: string | null
  readonly profile: Profile
}

/** An authority from the environment wins over the profile's. */
async function profileOf(deps: SessionDeps): Promise<FoundProfile> {
  const found = await chosenProfile(deps)
  const { caFile } = deps.settings
  if (caFile === null || !isSecure(found.profile)) return found
  const { authorityIn } = await import('./authority-file.ts')
  return { ...found, profile: { ...found.profile, ca: await authorityIn(caFile) } }
}

/** A key from the environment wins over the profile's. */
async function chosenProfile(deps: SessionDeps): Promise<FoundProfile> {
  const { settings } = deps
  const endpoint = deps.endpoint ?? settings.endpoint
  const { apiKey, accessKeyId, secretKey, keyVersion } = settings
  if (apiKey !== null) {
    return { name: null, profile: { endpoint: endpoint ?? DEFAULT_ENDPOINT, apiKey } }
  }
  if (accessKeyId !== null && secretKey !== null) {
    const key = { accessKeyId, secretKey, version: keyVersion }
    return { name: null, profile: { endpoint: endpoint ?? DEFAULT_ENDPOINT, ...key } }
  }
  const { current, profiles } = await readProfiles(settings.profilePath)
  const asked = deps.profile ?? settings.profile
  const name = asked ?? current
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined && asked !== null) {
    const hint = `Make it: cloudlet login --profile ${name}`
    throw usageError(
      `There is no profile "${name}"${didYouMean(name, Object.keys(profiles))}`,
      hint,
    )
  }
  if (profile === undefined)
    return { name: null, profile: { endpoint: endpoint ?? DEFAULT_ENDPOINT } }
  // A key is never shown to another endpoint than the one it was given for.
  if (endpoint !== null && !isSameEndpoint(endpoint, profile.endpoint)) {
    return { name: null, profile: { endpoint } }
  }
  return { name, profile }
}

export function isSameEndpoint(one: string, other: string): boolean {
  return URL.canParse(one) && new URL(one).href === new URL(other).href
}

/** Below the 15 minutes that the platform accepts, so that no clock has to be exact. */
const LIFETIME_SECONDS = 600
const RENEW_BEFORE_MS = 60_000

function tokenSource(world: World, profile: Profile): TokenSource {
  const { apiKey, accessKeyId, secretKey, version = 1 } = profile
  if (apiKey !== undefined) return async () => apiKey
  if (accessKeyId === undefined || secretKey === undefined) {
    return async () => {
      const message = `Cannot sign in at ${profile.endpoint}: there is no key for it`
      throw new CommandError(
        EXIT.refused,
        message,
        `Sign in: cloudlet login --endpoint ${profile.endpoint}`,
      )
    }
  }
  let last: { readonly token: string; readonly skewMs: number; readonly untilMs: number } | null =
    null
  return async (skewMs) => {
    const now = world.now().getTime() + skewMs
    if (last !== null && last.skewMs === skewMs && now < last.untilMs) return last.token
    const { mintToken } = await import('../client/token.ts')
    const token = await mintToken({
      accessKeyId,
      secretKey,
      version,
      now: new Date(now),
      randomJti: world.newId(),
      lifetimeSeconds: LIFETIME_SECONDS,
    })
    last = { token, skewMs, untilMs: now + LIFETIME_SECONDS * 1000 - RENEW_BEFORE_MS }
    return token
  }
}

/** The profile a sign-in writes to. */
export const profileNameOf = (asked: string | null, settings: Settings): string =>
  asked ?? settings.profile ?? DEFAULT_PROFILE
