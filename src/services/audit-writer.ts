import type { Queries } from '../../db/open.ts'
import type { Actor } from '../core/actor.ts'
import { linkText, NO_ENTRY, PLATFORM_CHAIN } from '../core/audit-chain.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'

/** Whose chain an entry belongs to; null: the platform's. */
export type Owner = { readonly id: string; readonly slug: string } | null

interface Said {
  readonly action: string
  readonly tenant: Owner
  readonly target: string
  readonly result: string
  readonly status: number
}

interface AuditWriterDeps {
  readonly clock: Clock
  readonly keyRing: Pick<KeyRing, 'current' | 'mac'>
}

/** The macs of the audit log are of no other use. */
export const AUDIT_PURPOSE = 'audit'
const LONGEST_TARGET = 300

/** Adds an entry to its chain. */
export function auditWriter({ clock, keyRing }: AuditWriterDeps) {
  /** The head is read in the transaction that moves it, and writers stand in line: no seq is used twice. */
  return async (q: Queries, actor: Actor, said: Said): Promise<void> => {
    const chain = said.tenant?.id ?? PLATFORM_CHAIN
    const known = await q.auditChains.byName(chain)
    const head = known ? { seq: known.headSeq, mac: known.headMac } : NO_ENTRY
    const fields = {
      chain,
      seq: head.seq + 1,
      time: clock.now().getTime(),
      actor: actor.name,
      keyId: actor.keyId,
      tenant: said.tenant?.slug ?? null,
      action: said.action,
      target: storable(said.target.slice(0, LONGEST_TARGET)),
      result: said.result,
      status: said.status,
      requestId: actor.requestId,
      sourceAddress: actor.sourceAddress,
      rootKey: keyRing.current,
    }
    const mac = keyRing.mac(fields.rootKey, AUDIT_PURPOSE, linkText(fields, head.mac))
    if (mac === undefined) throw new Error('Cannot find the current root key')
    await q.audit.append({ ...fields, mac })
  }
}

/** As it comes back from the database, or its mac would not fit: no half characters, and no end of a text. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')
