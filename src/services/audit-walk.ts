import type { Store } from '../../db/open.ts'
import type { AuditChainRow } from '../../db/queries/audit-chains.ts'
import type { AuditLink } from '../contract/audit.ts'
import {
  type BadLink,
  type ChainHead,
  checkpointText,
  followed,
  type MacOf,
  NO_ENTRY,
} from '../core/audit-chain.ts'
import { type Failure, failure } from '../core/failure.ts'
import { entryOf } from './audit-pages.ts'

export interface AuditWalkDeps {
  readonly store: Store
  readonly macOf: MacOf
  /** Lets others have their turn: the database answers without ever giving the thread away. */
  readonly breathe: () => Promise<void>
}

export interface Walked {
  /** The last good entry. */
  readonly end: ChainHead
  readonly bad: BadLink | null
  /** How many were found good. */
  readonly entries: number
  /** What the chain has in the place of a head that was noted earlier. */
  readonly atNoted: ChainHead
}

interface Walk {
  readonly chain: string
  readonly start: ChainHead
  readonly noted: ChainHead | null
}

const BATCH = 500

/** Goes along a chain, a batch at a time. */
export function auditWalk({ store, macOf, breathe }: AuditWalkDeps) {
  async function walked({ chain, start, noted }: Walk, signal: AbortSignal): Promise<Walked> {
    let [end, atNoted, entries] = [start, start, 0]
    for (;;) {
      // oxlint-disable no-await-in-loop -- each batch begins where the one before ended
      signal.throwIfAborted()
      const rows = await store.read.audit.after(chain, end.seq, BATCH)
      const { head, bad } = followed(end, rows, macOf)
      const known = rows.find(({ seq }) => seq === noted?.seq)
      if (known) atNoted = { seq: known.seq, mac: known.mac }
      const moved = bad && (await movedStart(chain, end))
      if (moved) {
        if (noted && noted.seq > end.seq) atNoted = noted.seq === moved.seq ? moved : noted
        end = moved
        continue
      }
      entries += head.seq - end.seq
      end = head
      if (bad || rows.length < BATCH) return { end, bad, entries, atNoted }
      await breathe()
      // oxlint-enable no-await-in-loop
    }
  }

  /** Retention may have cut meanwhile: then the walk goes on from where it has cut. */
  async function movedStart(chain: string, end: ChainHead): Promise<ChainHead | null> {
    const start = startOf(await store.read.auditChains.byName(chain))
    return start !== null && start.seq > end.seq ? start : null
  }

  /** Where the kept part of a chain begins; null when its checkpoint is not one that we have signed. */
  function startOf(row: AuditChainRow | undefined): ChainHead | null {
    if (row === undefined || row.cutSeq === 0) return NO_ENTRY
    const { chain, cutSeq: seq, cutMac: mac, cutRootKey: rootKey } = row
    const seal = macOf(rootKey, checkpointText({ chain, seq, mac, rootKey }))
    return seal === row.cutSeal ? { seq, mac } : null
  }

  async function* exported(chain: string, signal: AbortSignal): AsyncGenerator<AuditLink> {
    const row = await store.read.auditChains.byName(chain)
    let last: ChainHead = row && row.cutSeq > 0 ? { seq: row.cutSeq, mac: row.cutMac } : NO_ENTRY
    for (;;) {
      signal.throwIfAborted()
      // oxlint-disable-next-line no-await-in-loop -- each batch begins where the one before ended
      const rows = await store.read.audit.after(chain, last.seq, BATCH)
      for (const link of rows) {
        if (link.seq !== last.seq + 1) throw gap(chain)
        const { rootKey, mac } = link
        yield { ...entryOf(link), rootKey, previousMac: last.mac, mac }
        last = { seq: link.seq, mac }
      }
      if (rows.length < BATCH) return
    }
  }

  return { walked, startOf, exported }
}

const gap = (chain: string): Failure =>
  failure('state-conflict', `Cannot export chain "${chain}": entries are missing in it`, {
    kind: 'chain',
    name: chain,
    state: 'cut meanwhile, or damaged: verify it',
  })
