import type { Store } from '../../db/open.ts'
import type { AuditChainRow } from '../../db/queries/audit-chains.ts'
import type { AuditRow } from '../../db/queries/audit.ts'
import { checkpointText, followed, headText, NO_ENTRY } from '../core/audit-chain.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { AUDIT_PURPOSE } from './audit-writer.ts'

export interface AuditCareDeps {
  readonly store: Store
  readonly clock: Clock
  readonly keyRing: Pick<KeyRing, 'current' | 'mac'>
  readonly log: Log
  readonly keep: Keep
}

/** What retention leaves of each chain: whatever is younger, and no more than so many. */
interface Keep {
  readonly days: number
  readonly entries: number
}

const DAY_MS = 24 * 60 * 60_000
/** In one transaction: writers in line behind it wait for some ten milliseconds. */
const CUT_AT_ONCE = 500
const CHAINS_AT_ONCE = 500
/** A minute's worth of lines in the log; what is left over comes a minute later. */
const HEADS_AT_ONCE = 200

/** Keeps the audit log from growing for ever, and its heads where who changes the database cannot. */
export function auditCareService({ store, clock, keyRing, log, keep }: AuditCareDeps) {
  const macOf = (rootKey: number, text: string) => keyRing.mac(rootKey, AUDIT_PURPOSE, text)

  async function trim({ chain }: AuditChainRow, before: number): Promise<void> {
    let cut = 0
    do {
      // oxlint-disable-next-line no-await-in-loop -- each cut begins where the one before ended
      cut = await cutOnce(chain, before)
    } while (cut === CUT_AT_ONCE)
  }

  /**
   * What is to go is verified first: a cut would hide that it had been changed. A chain that is broken
   * there is left as it is, for somebody to look at it.
   */
  async function cutOnce(chain: string, before: number): Promise<number> {
    return store.write(async (q) => {
      const row = await q.auditChains.byName(chain)
      if (row === undefined) return 0
      const from = row.cutSeq === 0 ? NO_ENTRY : { seq: row.cutSeq, mac: row.cutMac }
      const oldest = await q.audit.after(chain, row.cutSeq, CUT_AT_ONCE)
      const going = prefix(oldest, ({ seq, time }) => {
        return time < before || row.headSeq - seq >= keep.entries
      })
      if (going.length === 0) return 0
      const { head, bad } = followed(from, going, macOf)
      if (bad) {
        log('error', 'Cannot cut the audit log: a chain is broken', { chain, ...bad })
        return 0
      }
      const checkpoint = { chain, ...head, rootKey: keyRing.current }
      const seal = macOf(checkpoint.rootKey, checkpointText(checkpoint))
      if (seal === undefined) throw new Error('Cannot find the current root key')
      await q.auditChains.cut({ ...checkpoint, seal })
      return going.length
    })
  }

  return {
    /** Removes the oldest entries of each chain, and leaves a signed checkpoint. */
    async sweep(): Promise<void> {
      const before = clock.now().getTime() - keep.days * DAY_MS
      let after = ''
      for (;;) {
        // oxlint-disable no-await-in-loop -- one writer, and the next page begins after this one
        const chains = await store.read.auditChains.page(after, CHAINS_AT_ONCE)
        for (const row of chains) await trim(row, before)
        // oxlint-enable no-await-in-loop
        if (chains.length < CHAINS_AT_ONCE) return
        after = chains.at(-1)?.chain ?? ''
      }
    },

    /** Says the head of each chain that has moved since: who keeps the log can prove what was cut off. */
    async logHeads(): Promise<void> {
      const moved = await store.read.auditChains.unlogged(HEADS_AT_ONCE)
      if (moved.length === 0) return
      for (const { chain, headSeq: seq, headMac: mac } of moved) {
        log('info', 'Head of the audit log', { chain, head: headText({ seq, mac }) })
      }
      await store.write(async (q) => {
        await Promise.all(moved.map(({ chain, headSeq }) => q.auditChains.logged(chain, headSeq)))
      })
    },
  }
}
function prefix(rows: readonly AuditRow[], goes: (row: AuditRow) => boolean): readonly AuditRow[] {
  const kept = rows.findIndex((row) => !goes(row))
  return kept === -1 ? rows : rows.slice(0, kept)
}
