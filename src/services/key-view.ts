import type { Queries } from '../../db/open.ts'
import type { AccessKeyRow } from '../../db/queries/keys.ts'
import type { AccessKey } from '../contract/keys.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'
import { timeText } from '../core/time-text.ts'

/** null: the platform. */
export type KeyOwner = { readonly id: string; readonly slug: string } | null

export const ownerOf = async (q: Queries, tenant: string | null): Promise<KeyOwner> =>
  tenant === null ? null : tenantBySlug(q, tenant)

/** As `ownerOf`, of something that is yet to be made. */
export const ownerToBe = async (q: Queries, tenant: string | null): Promise<KeyOwner> =>
  tenant === null ? null : tenantToFill(q, tenant)

export interface KeyUse {
  readonly at: number
  readonly from: string
}

interface Seen {
  readonly owner: KeyOwner
  /** The last use, where it is not written yet. */
  readonly use?: KeyUse | undefined
  readonly now: number
}

/** A key as the API shows it: without anything that a secret could be derived from. */
export function keyOf(row: AccessKeyRow, { owner, use, now }: Seen): AccessKey {
  const { previousUntil } = row
  return {
    id: row.id,
    tenant: owner?.slug ?? null,
    description: row.description,
    role: row.role,
    actions: actionsOf(row),
    resources: resourcesOf(row),
    version: row.version,
    previousUntil: previousUntil !== null && previousUntil > now ? timeText(previousUntil) : null,
    createdAt: new Date(row.createdAt).toISOString(),
    expiresAt: timeText(row.expiresAt),
    revokedAt: timeText(row.revokedAt),
    lastUsedAt: timeText(use?.at ?? row.lastUsedAt),
    lastUsedFrom: use?.from ?? row.lastUsedFrom,
  }
}

export const actionsOf = ({ actionsJson }: AccessKeyRow): string[] | null => listOf(actionsJson)
export const resourcesOf = ({ resourcesJson }: AccessKeyRow): string[] | null =>
  listOf(resourcesJson)

/** Written by the key service alone, in this shape. */
function listOf(json: string | null): string[] | null {
  if (json === null) return null
  const list: string[] = JSON.parse(json)
  return list
}
