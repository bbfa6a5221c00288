import type { Queries, Store } from '../../db/open.ts'
import type { TenantCertificateRow } from '../../db/queries/tenant-certificates.ts'
import type { HostCertificate } from '../../proxy/core/server-names.ts'
import { covered, hostsUnder, namesIn } from '../core/certificate-names.ts'
import type { CustomHost } from '../core/custom-host.ts'
import { DAY_MS } from '../core/days.ts'
import type { NewEvent } from '../core/event.ts'
import { broughtPurpose } from '../core/sealed-for.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'

interface BroughtDeps {
  readonly store: Store
  readonly clock: Clock
  readonly keyRing: Pick<KeyRing, 'open'>
  readonly log: Log
  /** Domains of the apps. */
  readonly domains: readonly string[]
}

/** So long before the end it is said: nobody but the tenant can renew them. */
const WARN_MS = 14 * DAY_MS

/**
 * What tenants have brought, as long as it is good, for those of its names that are the tenant's now: a host may
 * have gone to another since.
 */
export async function broughtCertificates(
  { store, clock, keyRing, domains, log }: BroughtDeps,
  custom: readonly CustomHost[],
): Promise<HostCertificate[]> {
  const nowMs = clock.now().getTime()
  const all = await store.read.tenantCertificates.all()
  const good = all.filter(({ row }) => nowMs < row.notAfter)
  const claims = await store.read.domains.proved()
  return good.flatMap(({ row, slug }) => {
    const isIts = ({ tenantId }: { readonly tenantId: string | null }) => tenantId === row.tenantId
    const { own } = covered(namesIn(row), { slug, domains, claimed: claims.filter(isIts) })
    // A host has what was issued for it by its very name, over which a wildcard would not win.
    const under = hostsUnder(
      own,
      custom.filter(isIts).map(({ host }) => host),
    )
    const names = [...own, ...under]
    try {
      const key = keyRing.open(broughtPurpose(row.tenantId, row.name), row.sealedKey)
      return [{ names, chain: row.certificate, key }]
    } catch (error) {
      // One that was tampered with is no reason for all others to be without theirs.
      log('error', 'The key of a certificate does not open', {
        tenant: slug,
        name: row.name,
        error,
      })
      return []
    }
  })
}

interface WarningDeps {
  readonly store: Store
  readonly clock: Clock
  readonly record: (q: Queries, event: NewEvent) => Promise<void>
}

/** Says of each that it ends soon, once. */
export async function warnOfEnds({ store, clock, record }: WarningDeps): Promise<void> {
  const nowMs = clock.now().getTime()
  const ending = await store.read.tenantCertificates.ending(nowMs + WARN_MS)
  if (ending.length === 0) return
  await store.write(async (q) => {
    for (const known of ending) {
      // oxlint-disable-next-line no-await-in-loop -- one transaction
      const row = await q.tenantCertificates.byName(known.tenantId, known.name)
      // Another has taken its place meanwhile.
      if (row === undefined || row.notAfter !== known.notAfter) continue
      await q.tenantCertificates.put({ ...row, warnedAt: nowMs })
      await record(q, endsSoon(row))
    }
  })
}

const endsSoon = ({ tenantId, name, notAfter }: TenantCertificateRow): NewEvent => ({
  tenantId,
  action: 'certificate.ending',
  level: 'warning',
  target: { kind: 'certificate', id: name, name },
  message: `Certificate "${name}" ends at ${new Date(notAfter).toISOString()}: put another in its place`,
})
