/**
 * The audit log as chains: one a tenant, one for the platform. Each entry carries a mac over all that it
 * says and over the mac of the entry before, under a key that the database does not hold. So whoever can
 * write to the database can still not change, remove, swap or add an entry without being found.
 */

/** The chain of what belongs to no tenant. A tenant's chain is called by its id, which never comes again. */
export const PLATFORM_CHAIN = 'platform'

export interface AuditFields {
  readonly chain: string
  /** Counts from 1 without gaps, in each chain for itself. */
  readonly seq: number
  readonly time: number
  readonly actor: string
  readonly keyId: string | null
  readonly tenant: string | null
  readonly action: string
  readonly target: string
  readonly result: string
  readonly status: number
  readonly requestId: string
  readonly sourceAddress: string
  /** Number of the root key that the mac's key is derived from. */
  readonly rootKey: number
}

export interface AuditLink extends AuditFields {
  /** Told by entries of an exported file alone; in the database it is that of the row before. */
  readonly previousMac?: string
  readonly mac: string
}

/** Where a chain ends, or is followed from. */
export interface ChainHead {
  readonly seq: number
  readonly mac: string
}

/** Before the first entry. */
export const NO_ENTRY: ChainHead = { seq: 0, mac: '' }

/** HMAC-SHA-256 under the audit key of a root key; undefined when there is no such root key. */
export type MacOf = (rootKey: number, text: string) => string | undefined

/** What an entry says, in one way only: JSON tells texts, numbers and null apart, and quotes its texts. */
export const linkText = (fields: AuditFields, previousMac: string): string =>
  JSON.stringify([
    'cloudlet audit entry 1',
    fields.chain,
    fields.seq,
    fields.time,
    fields.actor,
    fields.keyId,
    fields.tenant,
    fields.action,
    fields.target,
    fields.result,
    fields.status,
    fields.requestId,
    fields.sourceAddress,
    fields.rootKey,
    previousMac,
  ])

/** What is left of the part that retention has cut off: its last entry, signed. */
export interface Checkpoint extends ChainHead {
  readonly chain: string
  readonly rootKey: number
}

export const checkpointText = ({ chain, seq, mac, rootKey }: Checkpoint): string =>
  JSON.stringify(['cloudlet audit checkpoint 1', chain, seq, mac, rootKey])

/** Each flaw, and what it says of the entry that is named. */
export const FLAWS = {
  changed: 'it is not what was written, or not where it was written',
  missing: 'it is not there, though later ones are',
  misplaced: 'it stands where another one belongs',
  truncated: 'it was written, and the chain ends before it',
  'unknown-key': 'its root key is not in the key file, so it cannot be told',
  checkpoint: 'the mark of where retention has cut is not what was written',
} as const satisfies Record<string, string>
export type Flaw = keyof typeof FLAWS

export interface BadLink {
  readonly seq: number
  readonly flaw: Flaw
}

export interface Followed {
  /** The last good entry. */
  readonly head: ChainHead
  readonly bad: BadLink | null
}

/** Follows a chain from an entry that is known to be good, up to the first that is not. */
export function followed(from: ChainHead, links: readonly AuditLink[], macOf: MacOf): Followed {
  let head = from
  for (const link of links) {
    const flaw = flawOf(head, link, macOf)
    if (flaw !== null) return { head, bad: { seq: placeOf(head, link, flaw), flaw } }
    head = { seq: link.seq, mac: link.mac }
  }
  return { head, bad: null }
}

function flawOf(head: ChainHead, link: AuditLink, macOf: MacOf): Flaw | null {
  if (link.seq > head.seq + 1) return 'missing'
  if (link.seq <= head.seq) return 'misplaced'
  if (link.previousMac !== undefined && link.previousMac !== head.mac) return 'changed'
  const mac = macOf(link.rootKey, linkText(link, head.mac))
  if (mac === undefined) return 'unknown-key'
  return isSame(mac, link.mac) ? null : 'changed'
}

/** Takes as long whatever it compares: how many characters fit must not show, or a mac could be guessed. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}

const placeOf = (head: ChainHead, link: AuditLink, flaw: Flaw): number =>
  flaw === 'missing' ? head.seq + 1 : link.seq

/** What became of a head that was noted earlier: `at` is what the chain has in that place, `end` its last. */
export function flawAtHead(noted: ChainHead, at: ChainHead, end: ChainHead): BadLink | null {
  if (end.seq < noted.seq) return { seq: end.seq + 1, flaw: 'truncated' }
  return at.mac === noted.mac ? null : { seq: noted.seq, flaw: 'changed' }
}

/** `<seq>:<mac>`, as the log and `--head` have it. */
export const headText = ({ seq, mac }: ChainHead): string => `${seq}:${mac}`

export function headOf(text: string): ChainHead | null {
  const match = /^(\d{1,15}):([\w-]{43})$/.exec(text)
  return match ? { seq: Number(match[1]), mac: match[2] ?? '' } : null
}
