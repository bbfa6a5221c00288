import {
  type AccessKey,
  type AccessKeyCreate,
  type ApiKeyCreate,
  type NewAccessKey,
  platformKeys,
  tenantKeys,
} from '../../contract/keys.ts'
import { ALL_PERMISSIONS, ROLE_NAMES } from '../../core/permissions.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { allPages } from '../pages.ts'
import { saveProfile } from '../profile.ts'
import { fields } from '../table.ts'
import { secondsOf } from '../units.ts'

export const create: Work = async (context, given) => {
  const api = await context.api()
  const body = keyOf(given)
  const made = given.has('admin')
    ? await api.call(platformKeys.create, { params: {}, body })
    : await api.call(tenantKeys.create, { params: { tenant: await context.tenant() }, body })
  return shownOnce(context, made)
}

export const list: Work = async (context, given) => {
  const api = await context.api()
  const isPlatform = given.has('admin')
  const tenant = isPlatform ? null : await context.tenant()
  const found = await allPages((query) =>
    tenant === null
      ? api.call(platformKeys.list, { params: {}, query })
      : api.call(tenantKeys.list, { params: { tenant }, query }),
  )
  return context.show(found, () => rows(context, found.items))
}

export const revoke: Work = async (context, given) => {
  const api = await context.api()
  const key = given.word(0)
  const gone = given.has('admin')
    ? await api.call(platformKeys.revoke, { params: { key } })
    : await api.call(tenantKeys.revoke, { params: { tenant: await context.tenant(), key } })
  return context.show(gone, () => `${gone.id}\n`)
}

export const rotate: Work = async (context, given) => {
  const api = await context.api()
  const key = given.word(0)
  const grace = given.text('grace')
  const query = grace === null ? {} : { graceSeconds: secondsOf(grace, '--grace') }
  const made = given.has('admin')
    ? await api.call(platformKeys.rotate, { params: { key }, query })
    : await api.call(tenantKeys.rotate, { params: { tenant: await context.tenant(), key }, query })
  await keptInProfile(context, made)
  return shownOnce(context, made)
}

export const token: Work = async (context, given) => {
  const api = await context.api()
  const key = given.word(0)
  const body = tokenOf(given)
  const made = given.has('admin')
    ? await api.call(platformKeys.createToken, { params: { key }, body })
    : await api.call(tenantKeys.createToken, {
        params: { tenant: await context.tenant(), key },
        body,
      })
  return context.show(made, () => `${made.apiKey}\n`)
}

/** Who rotates the key that they are signed in with would be locked out by it. */
async function keptInProfile(context: Context, made: NewAccessKey): Promise<void> {
  const { profile, profileName } = await context.session()
  if (profileName === null || profile.accessKeyId !== made.id) return
  const { apiKey: _ended, ...rest } = profile
  const kept = { ...rest, secretKey: made.secretKey, version: made.version }
  await saveProfile(context.settings.profilePath, profileName, kept)
  await context.note(`Profile "${profileName}" has the new secret`)
}

async function shownOnce(context: Context, made: NewAccessKey) {
  if (!context.json) await context.note('The secret is shown this once: keep it')
  return context.show(made, () =>
    fields([
      ['Access key', made.id],
      ['Secret', made.secretKey],
      ['Version', String(made.version)],
      ['API key', made.apiKey],
      ['Role', made.role],
      ['Tenant', made.tenant ?? '- (key of the platform)'],
    ]),
  )
}

function rows(context: Context, keys: readonly AccessKey[]): string {
  const now = context.world.now().getTime()
  const state = ({ revokedAt, expiresAt }: AccessKey): string => {
    if (revokedAt !== null) return 'revoked'
    return expiresAt !== null && Date.parse(expiresAt) <= now ? 'expired' : 'valid'
  }
  return context.table(
    ['ID', 'ROLE', 'STATE', 'EXPIRES', 'USED', 'CREATED', 'ONLY', 'DESCRIPTION'],
    keys.map((key) => [
      key.id,
      key.role,
      state(key),
      key.expiresAt ?? 'never',
      key.lastUsedAt ?? 'never',
      key.createdAt,
      [...(key.actions ?? []), ...(key.resources ?? [])].join(' ') || '-',
      key.description,
    ]),
  )
}

function keyOf(given: Given): Partial<AccessKeyCreate> {
  const role = oneOf(ROLE_NAMES, given.text('role'), '--role')
  const description = given.text('description')
  const [actions, resources] = [given.list('action'), given.list('on')]
  return {
    ...(actions.length === 0 ? {} : { actions: [...actions] }),
    ...(resources.length === 0 ? {} : { resources: [...resources] }),
    ...(role === null ? {} : { role }),
    ...(description === null ? {} : { description }),
    ...expiry(given),
  }
}

function tokenOf(given: Given): ApiKeyCreate {
  const scope = given.list('scope').flatMap((one) => oneOf(ALL_PERMISSIONS, one, '--scope') ?? [])
  return { ...(scope.length === 0 ? {} : { scope }), ...expiry(given) }
}

function expiry(given: Given) {
  const expires = given.text('expires')
  return expires === null ? {} : { expiresInSeconds: secondsOf(expires, '--expires') }
}
