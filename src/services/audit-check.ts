import type { Store } from '../../db/open.ts'
import type { AuditLink, AuditVerdict } from '../contract/audit.ts'
import {
  type BadLink,
  type ChainHead,
  FLAWS,
  flawAtHead,
  followed,
  headOf,
  headText,
  type MacOf,
  NO_ENTRY,
  PLATFORM_CHAIN,
} from '../core/audit-chain.ts'
import { notFound, wrongField } from '../core/failure.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { auditWalk } from './audit-walk.ts'
import { AUDIT_PURPOSE } from './audit-writer.ts'
import { sharedChecks } from './shared-checks.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface AuditCheckDeps {
  readonly store: Store
  readonly keyRing: Pick<KeyRing, 'mac'>
  readonly breathe: () => Promise<void>
}

interface Asked {
  /** Noted earlier, as `<seq>:<mac>`. */
  readonly head?: string | undefined
}
interface PlatformAsked extends Asked {
  readonly chain?: string | undefined
}

export function auditCheckService({ store, keyRing, breathe }: AuditCheckDeps) {
  const macOf: MacOf = (rootKey, text) => keyRing.mac(rootKey, AUDIT_PURPOSE, text)
  const { walked, startOf, exported } = auditWalk({ store, macOf, breathe })

  const verify = sharedChecks(async ({ chain, head: asked }, signal): Promise<AuditVerdict> => {
    const row = await store.read.auditChains.byName(chain)
    const noted = asked === undefined ? null : notedHead(asked, row?.cutSeq ?? 0)
    const start = startOf(row)
    if (start === null) {
      return verdict(chain, NO_ENTRY, [0, { seq: row?.cutSeq ?? 0, flaw: 'checkpoint' }])
    }
    const { end, bad, entries, atNoted } = await walked({ chain, start, noted }, signal)
    const truncated: BadLink | null =
      end.seq < (row?.headSeq ?? 0) ? { seq: end.seq + 1, flaw: 'truncated' } : null
    const lost = noted && flawAtHead(noted, atNoted, end)
    return verdict(chain, end, [entries, bad ?? truncated ?? lost])
  })

  return {
    verify: ({ chain = PLATFORM_CHAIN, ...asked }: PlatformAsked, signal: AbortSignal) =>
      verify({ ...asked, chain }, signal),

    async verifyOfTenant(slug: string, asked: Asked, signal: AbortSignal): Promise<AuditVerdict> {
      const { id } = await tenantBySlug(store.read, slug)
      return verify({ ...asked, chain: id }, signal)
    },

    /** Entries that somebody has kept, e.g. until after retention had cut them: are they what was written? */
    verifyGiven: (links: readonly AuditLink[]) => verdictOn(links, macOf),

    async verifyGivenOfTenant(slug: string, links: readonly AuditLink[]): Promise<AuditVerdict> {
      const { id } = await tenantBySlug(store.read, slug)
      const foreign = links.find(({ chain }) => chain !== id)
      if (foreign) throw notFound('chain', foreign.chain)
      return verdictOn(links, macOf)
    },

    export: ({ chain = PLATFORM_CHAIN }: PlatformAsked, signal: AbortSignal) =>
      exported(chain, signal),

    async exportOfTenant(slug: string, signal: AbortSignal) {
      return exported((await tenantBySlug(store.read, slug)).id, signal)
    },
  }
}
export type AuditCheckService = ReturnType<typeof auditCheckService>

function notedHead(text: string, cutSeq: number): ChainHead {
  const head = headOf(text)
  if (head === null) throw wrongField('query#/head', 'a head is <seq>:<mac>, as the log has it')
  if (head.seq >= Math.max(cutSeq, 1)) return head
  throw wrongField('query#/head', 'retention has cut past that entry; take a later head')
}

function verdictOn(links: readonly AuditLink[], macOf: MacOf): AuditVerdict {
  const [first] = links
  if (first === undefined) return verdict('', NO_ENTRY, [0, null])
  const from = { seq: first.seq - 1, mac: first.previousMac }
  const foreignAt = links.findIndex(({ chain }) => chain !== first.chain)
  const own = foreignAt === -1 ? links : links.slice(0, foreignAt)
  const { head, bad } = followed(
    from,
    own.map((link) => ({ ...link, time: Date.parse(link.time) })),
    macOf,
  )
  const foreign = foreignAt === -1 ? null : ({ seq: head.seq + 1, flaw: 'misplaced' } as const)
  return verdict(first.chain, head, [head.seq - from.seq, bad ?? foreign])
}

const verdict = (
  chain: string,
  head: ChainHead,
  [entries, bad]: readonly [number, BadLink | null],
): AuditVerdict => ({
  ok: bad === null,
  chain,
  entries,
  head: head.seq === 0 ? null : headText(head),
  firstBad: bad && { ...bad, why: FLAWS[bad.flaw] },
})
