import type { Store } from '../../db/open.ts'
import type { CertificateRow } from '../../db/queries/certificates.ts'
import { DAY_MS } from '../core/days.ts'
import type { Log } from '../log.ts'
import type { CertificateAuthority, KeyPair } from '../ports/certificate-authority.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'

export interface IssuingDeps {
  readonly store: Store
  readonly keyRing: Pick<KeyRing, 'open' | 'seal'>
  readonly authority: CertificateAuthority
  readonly clock: Clock
  readonly log: Log
  readonly instance: string
  /** Domains of the apps. */
  readonly domains: readonly string[]
  /** Name of the API; absent: it has none. */
  readonly apiHost?: string | undefined
}

/** Who has a certificate, and of which names. */
interface Wanted {
  readonly subject: string
  readonly names: readonly string[]
}

/** A third of their life: two failures of a week each would still be noticed in time. */
const RENEW_BEFORE_MS = 30 * DAY_MS
/** Made in one go. */
const BATCH = 200

export const AUTHORITY = 'authority'
const API = 'api'
const subjectOf = (slug: string): string => `tenant:${slug}`
const purposeOf = (subject: string): string => `certificate of ${subject}`

/** The platform's own authority, and what it has signed: in the database, with sealed keys. */
export function certificateIssuing(deps: IssuingDeps) {
  const { store, keyRing, authority, clock, log, domains, apiHost } = deps
  const now = (): number => clock.now().getTime()
  const namesOf = (slug: string): string[] => domains.map((domain) => `*.${slug}.${domain}`)
  const keyOf = ({ subject, sealedKey }: CertificateRow): string =>
    keyRing.open(purposeOf(subject), sealedKey)

  const rowOf = (subject: string, names: readonly string[], made: KeyPair): CertificateRow => ({
    subject,
    namesJson: JSON.stringify(names),
    certificate: made.chain,
    sealedKey: keyRing.seal(purposeOf(subject), made.key),
    notBefore: made.notBefore,
    notAfter: made.notAfter,
  })

  /** Made once: every browser that was told to trust it would have to be told again. */
  async function signer(): Promise<CertificateRow> {
    const known = await store.read.certificates.of(AUTHORITY)
    if (known !== undefined) return known
    const made = await authority.create(`Cloudlet ${deps.instance}`, now())
    await store.write((q) => q.certificates.add(rowOf(AUTHORITY, [], made)))
    const kept = await store.read.certificates.of(AUTHORITY)
    if (kept === undefined) throw new Error('Cannot keep the authority: it is not there')
    log('info', 'The platform has an authority of its own for TLS')
    return kept
  }

  const isGood = (row: CertificateRow | undefined, { names }: Wanted): boolean =>
    row !== undefined &&
    row.notAfter - now() > RENEW_BEFORE_MS &&
    row.namesJson === JSON.stringify(names)

  const wantedBy = (slugs: readonly string[], hosts: readonly string[]): Wanted[] => [
    ...(apiHost === undefined ? [] : [{ subject: API, names: [apiHost] }]),
    ...slugs.map((slug) => ({ subject: subjectOf(slug), names: namesOf(slug) })),
    ...hosts.map((host) => ({ subject: `host:${host}`, names: [host] })),
  ]

  async function issue(wanted: readonly Wanted[]): Promise<void> {
    const by = await signer()
    const hosts = wanted.map(({ names }) => names)
    const made = await authority.issue({ chain: by.certificate, key: keyOf(by) }, hosts, now())
    const rows = wanted.flatMap(({ subject, names }, i) => {
      const one = made[i]
      return one === undefined ? [] : [rowOf(subject, names, one)]
    })
    await store.write(async (q) => {
      for (const row of rows) await q.certificates.put(row)
    })
    log('debug', 'Certificates were issued', { subjects: wanted.map(({ subject }) => subject) })
  }

  return {
    signer,
    keyOf,
    /** Makes what these tenants, hosts and the API miss or what grows old, and forgets what nobody needs. */
    async renew(slugs: readonly string[], customHosts: readonly string[]): Promise<void> {
      const rows = await store.read.certificates.all()
      const known = new Map(rows.map((row) => [row.subject, row]))
      const wanted = wantedBy(slugs, customHosts)
      const kept = new Set([AUTHORITY, ...wanted.map(({ subject }) => subject)])
      const gone = [...known.keys()].filter((subject) => !kept.has(subject))
      if (gone.length > 0) await store.write((q) => q.certificates.remove(gone))
      const due = wanted.filter((one) => !isGood(known.get(one.subject), one))
      for (let at = 0; at < due.length; at += BATCH) await issue(due.slice(at, at + BATCH))
    },
  }
}
