import type { Queries } from '../../db/open.ts'
import type { AccessKeyRow } from '../../db/queries/keys.ts'
import { ENDPOINTS } from '../contract/all.ts'
import type { AccessKeyCreate } from '../contract/keys.ts'
import type { Caller } from '../core/caller.ts'
import { failure, notFound, wrongField } from '../core/failure.ts'
import { powersOf, type Grant } from '../core/permissions.ts'
import { ownerOf } from './key-view.ts'

/** What a single action needs: itself if it is a permission, else that of its endpoint. */
function neededFor(action: string): string | undefined {
  if (action.includes(':')) return action
  const permission = ENDPOINTS.find(({ id }) => id === action)?.permission
  return permission?.includes(':') === true ? permission : undefined
}

/** What the contract's shapes alone cannot show. */
export function checkNarrowing(wanted: AccessKeyCreate, tenant: string | null): void {
  const { permissions } = powersOf({ role: wanted.role, actions: null })
  for (const [index, action] of (wanted.actions ?? []).entries()) {
    const needed = neededFor(action)
    if (permissions.some((one) => one === needed)) continue
    const why =
      needed === undefined
        ? 'it is no permission, and no endpoint that needs one'
        : `the role "${wanted.role}" does not allow it`
    throw wrongField(`#/actions/${index}`, why)
  }
  if (wanted.resources !== undefined && tenant === null) {
    throw wrongField('#/resources', 'a key of the platform cannot be limited to those of a tenant')
  }
}

/** Nobody hands out, or gets hold of, more than they have. */
export function refuseWider(
  { permissions }: Pick<Caller, 'permissions'>,
  grant: Grant,
  scope?: readonly string[],
): void {
  const singles = (grant.actions ?? []).flatMap((action) => neededFor(action) ?? [])
  const within = new Set<string>(powersOf({ ...grant, actions: null }, scope).permissions)
  const wanted = [
    ...powersOf(grant, scope).permissions,
    ...singles.filter((permission) => within.has(permission)),
  ]
  const permission = wanted.find((one) => !permissions.some((held) => held === one))
  if (permission === undefined) return
  const message = `Cannot give permission "${permission}": the asking key does not have it`
  throw failure('not-allowed', message, { permission })
}

export interface OneKey {
  readonly tenant: string | null
  readonly id: string
}

export async function foundKey(q: Queries, { tenant, id }: OneKey) {
  const owner = await ownerOf(q, tenant)
  const row = await q.keys.byId(id)
  if (!row || row.tenantId !== (owner?.id ?? null)) throw notFound('key', id)
  return { row, owner }
}

export async function usableKey(q: Queries, asked: OneKey, now: number) {
  const key = await foundKey(q, asked)
  const { revokedAt, expiresAt } = key.row
  const expired = expiresAt !== null && expiresAt <= now
  if (revokedAt === null && !expired) return key
  const state = revokedAt === null ? 'expired' : 'revoked'
  throw failure('state-conflict', `Cannot use key "${asked.id}": it is ${state}`, {
    kind: 'key',
    name: asked.id,
    state,
  })
}

/** Without a key that may do everything nobody could ever make one again. */
export async function refuseLastWayIn(q: Queries, row: AccessKeyRow, now: number): Promise<void> {
  if (!isWayIn(row, now)) return
  const others = (await q.keys.adminsOfPlatform()).filter(
    (other) => other.id !== row.id && isWayIn(other, now) && isOutlived(row, other),
  )
  if (others.length > 0) return
  throw failure(
    'state-conflict',
    `Cannot revoke key "${row.id}": it is the last one of the platform's admin; create another one first, or rotate it`,
    { kind: 'key', name: row.id, state: 'last way in' },
  )
}

const isWayIn = (
  { tenantId, role, actionsJson, revokedAt, expiresAt }: AccessKeyRow,
  now: number,
) =>
  tenantId === null &&
  role === 'admin' &&
  actionsJson === null &&
  revokedAt === null &&
  (expiresAt === null || expiresAt > now)

/** One that is over sooner does not stand in for it. */
const isOutlived = (row: AccessKeyRow, by: AccessKeyRow): boolean =>
  by.expiresAt === null || (row.expiresAt !== null && by.expiresAt >= row.expiresAt)
