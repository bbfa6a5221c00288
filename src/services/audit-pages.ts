import type { Store } from '../../db/open.ts'
import type { AuditRow } from '../../db/queries/audit.ts'
import type { AuditEntry, AuditQuery } from '../contract/audit.ts'

/** How many entries one page looks at. A filter that fits few must not read the whole log at once. */
const LOOKED_AT = 20_000

/** Pages of one chain, or of all: the newest first. One that is short may still name a next one. */
export function auditPages(store: Store) {
  async function spanOf(chain: string | undefined) {
    if (chain === undefined) return store.read.audit.span()
    const known = await store.read.auditChains.byName(chain)
    return { first: (known?.cutSeq ?? 0) + 1, last: known?.headSeq ?? 0 }
  }

  return async (chain: string | undefined, query: AuditQuery) => {
    const { first, last } = await spanOf(chain)
    const before = /^\d{1,15}$/.test(query.cursor ?? '') ? Number(query.cursor) : last + 1
    const notBefore = Math.max(0, before - LOOKED_AT)
    const { limit, since, until, action, result, actor } = query
    const times = { since: momentOf(since), until: momentOf(until) }
    const search = { chain, before, notBefore, limit, action, result, actor, ...times }
    const rows = await store.read.audit.list(search)
    const items = rows.map(entryOf)
    const oldest = rows.length === limit ? rows.at(-1) : undefined
    if (oldest) return { items, nextCursor: String(chain === undefined ? oldest.id : oldest.seq) }
    return { items, nextCursor: notBefore > first ? String(notBefore) : null }
  }
}

const momentOf = (time: string | undefined): number | undefined =>
  time === undefined ? undefined : Date.parse(time)

export const entryOf = ({ time, ...row }: AuditRow): AuditEntry => ({
  chain: row.chain,
  seq: row.seq,
  time: new Date(time).toISOString(),
  actor: row.actor,
  keyId: row.keyId,
  tenant: row.tenant,
  action: row.action,
  target: row.target,
  result: row.result,
  status: row.status,
  requestId: row.requestId,
  sourceAddress: row.sourceAddress,
})
