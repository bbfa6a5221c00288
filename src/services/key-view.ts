import type { Queries } from '../../db/open.ts'
import type { AccessKeyRow } from '../../db/queries/keys.ts'
import type { AccessKey } from '../contract/keys.ts'
import { tenantBySlug } from './tenant-lookup.ts'

/** null: the platform. */
export type KeyOwner = { readonly id: string; readonly slug: string } | null

export const ownerOf = async (q: Queries, tenant: string | null): Promise<KeyOwner> =>
  tenant === null ? null : tenantBySlug(q, tenant)

/** A key as the API shows it: without anything that a secret could be derived from. */
export const keyOf = (row: AccessKeyRow, owner: KeyOwner): AccessKey => ({
  id: row.id,
  tenant: owner?.slug ?? null,
  description: row.description,
  role: row.role,
  version: row.version,
  createdAt: new Date(row.createdAt).toISOString(),
  expiresAt: timeOf(row.expiresAt),
  revokedAt: timeOf(row.revokedAt),
})

const timeOf = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString()
