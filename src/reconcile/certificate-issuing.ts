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
}

/** A third of their life: two failures of a week each would still be noticed in time. */
const RENEW_BEFORE_MS = 30 * DAY_MS
/** Made in one go. */
const BATCH = 200

export const AUTHORITY = 'authority'
const subjectOf = (slug: string): string => `tenant:${slug}`
const purposeOf = (subject: string): string => `certificate of ${subject}`

/** The platform's own authority, and what it has signed: in the database, with sealed keys. */
export function certificateIssuing(deps: IssuingDeps) {
  const { store, keyRing, authority, clock, log, domains } = deps
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

  const isGood = (row: CertificateRow | undefined, slug: string): boolean =>
    row !== undefined &&
    row.notAfter - now() > RENEW_BEFORE_MS &&
    row.namesJson === JSON.stringify(namesOf(slug))

  async function issue(slugs: readonly string[]): Promise<void> {
    const by = await signer()
    const hosts = slugs.map(namesOf)
    const made = await authority.issue({ chain: by.certificate, key: keyOf(by) }, hosts, now())
    const rows = made.map((one, i) => rowOf(subjectOf(slugs[i] ?? ''), hosts[i] ?? [], one))
    await store.write(async (q) => {
      for (const row of rows) await q.certificates.put(row)
    })
    log('debug', 'Certificates were issued', { tenants: slugs })
  }

  return {
    signer,
    keyOf,
    /** Makes what these tenants miss or what grows old, and forgets what nobody needs. */
    async renew(slugs: readonly string[]): Promise<void> {
      const rows = await store.read.certificates.all()
      const known = new Map(rows.map((row) => [row.subject, row]))
      const wanted = new Set([AUTHORITY, ...slugs.map(subjectOf)])
      const gone = [...known.keys()].filter((subject) => !wanted.has(subject))
      if (gone.length > 0) await store.write((q) => q.certificates.remove(gone))
      const due = slugs.filter((slug) => !isGood(known.get(subjectOf(slug)), slug))
      for (let at = 0; at < due.length; at += BATCH) await issue(due.slice(at, at + BATCH))
    },
  }
}
