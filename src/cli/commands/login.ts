import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { whoami } from '../../contract/keys.ts'
import { PLATFORM_PLACE } from '../../contract/sign-in.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { Profile, readProfiles, saveProfile } from '../profile.ts'
import { authorityIn } from '../authority-file.ts'
import { secretFrom } from '../secret.ts'
import { clientFor, isSameEndpoint, isSecure, profileNameOf } from '../session.ts'
import { DEFAULT_ENDPOINT } from '../settings.ts'
import { wholeOf } from '../units.ts'

/** What a platform leaves in its data directory at its first start. */
const AdminFile = z.object({
  endpoint: z.string(),
  accessKeyId: z.string(),
  secretKey: z.string(),
  version: z.int().min(1).optional(),
})

export const login: Work = async (context, given) => {
  const wanted = await wantedProfile(context, given)
  const who = await clientFor(context.world, wanted).call(whoami, {})
  const asked = given.text('tenant')
  // It says as whom to sign in, and is no tenant to work with.
  const tenant = asked === null || asked === PLATFORM_PLACE ? who.tenant : asked
  const name = profileNameOf(given.text('profile'), context.settings)
  const profile = tenant === null ? wanted : { ...wanted, tenant }
  await saveProfile(context.settings.profilePath, name, profile)
  const whose = who.tenant === null ? 'the platform' : `tenant "${who.tenant}"`
  return context.show({ profile: name, endpoint: profile.endpoint, ...who }, () =>
    [
      `Signed in at ${profile.endpoint} ${who.person === null ? 'with a key' : `as ${who.person}`} of ${whose}, role ${who.role}`,
      `Profile "${name}" is in ${context.settings.profilePath}`,
      ...(tenant === null ? ['Choose a tenant with --tenant <slug>'] : []),
      '',
    ].join('\n'),
  )
}

async function wantedProfile(context: Context, given: Given): Promise<Profile> {
  const { settings, world } = context
  const file = given.text('admin-file')
  if (file !== null) return adminProfile(file)
  const keyId = given.text('access-key-id')
  const isTyped =
    keyId !== null ||
    given.text('ca') !== null ||
    given.has('api-key') ||
    given.has('oidc') ||
    given.text('endpoint') !== null
  if (!isTyped) {
    const found = await adminProfile(settings.adminPath).catch(() => null)
    if (found !== null) return found
  }
  const at = await placeOf(context, given)
  if (given.has('oidc')) {
    const { browserProfile } = await import('./login-browser.ts')
    return browserProfile(context, { at, tenant: given.text('tenant') })
  }
  if (given.has('api-key')) {
    return checked({ ...at, apiKey: await secretFrom(world.stdin, 'API key: ') })
  }
  if (keyId === null && !world.stdin.isTty) {
    throw usageError('Missing --access-key-id <id>, --api-key or --admin-file <path>')
  }
  const accessKeyId = keyId ?? (await world.stdin.ask('Access key id: '))
  const secretKey = await secretFrom(world.stdin, 'Secret: ')
  const version = wholeOf(given.text('key-version') ?? '1', '--key-version')
  return checked({ ...at, accessKeyId, secretKey, version })
}

/** The endpoint, and the authority that is trusted for it: as was said, else as it was at the last sign-in there. */
async function placeOf(context: Context, given: Given): Promise<Pick<Profile, 'ca' | 'endpoint'>> {
  const { settings } = context
  const endpoint = await endpointOf(context, given)
  const file = given.text('ca') ?? settings.caFile
  if (file !== null && isSecure({ endpoint })) return { endpoint, ca: await authorityIn(file) }
  if (given.text('ca') !== null) {
    throw usageError(`Cannot use --ca for ${endpoint}: without https there is no certificate`)
  }
  const name = profileNameOf(given.text('profile'), settings)
  const before = (await readProfiles(settings.profilePath)).profiles[name]
  const isKnown = before?.ca !== undefined && isSameEndpoint(before.endpoint, endpoint)
  return isKnown ? { endpoint, ca: before.ca } : { endpoint }
}

async function endpointOf({ settings, world }: Context, given: Given): Promise<string> {
  const named = given.text('endpoint') ?? settings.endpoint
  if (named !== null || !world.stdin.isTty) return named ?? DEFAULT_ENDPOINT
  const typed = await world.stdin.ask(`Endpoint [${DEFAULT_ENDPOINT}]: `)
  return typed === '' ? DEFAULT_ENDPOINT : typed
}

async function adminProfile(path: string): Promise<Profile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new CommandError(EXIT.failed, `Cannot read the admin's key in "${path}": ${why}`)
  })
  const read = AdminFile.safeParse(parsed(text))
  if (!read.success) {
    throw new CommandError(EXIT.failed, `Cannot understand the admin's key in "${path}"`)
  }
  const { endpoint, accessKeyId, secretKey, version = 1 } = read.data
  return checked({ endpoint, accessKeyId, secretKey, version })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // The schema refuses it, which is what the caller is told.
  }
}

function checked(profile: Profile): Profile {
  const read = Profile.safeParse(profile)
  if (read.success) return read.data
  throw usageError(`Cannot use "${profile.endpoint}" as endpoint: it is like ${DEFAULT_ENDPOINT}`)
}
