import type { PublicCertificateRow } from '../../db/queries/public-certificates.ts'
import { renewalMs } from '../core/acme-schedule.ts'
import { coalesced } from '../core/coalesced.ts'
import type { CustomHost } from '../core/custom-host.ts'
import { publicOrders, rowOf, type OrderDeps } from './public-orders.ts'

export interface PublicCertificateDeps extends OrderDeps {
  readonly hosts: () => Promise<readonly CustomHost[]>
}

/** Where nothing can be written down, orders must not follow each other. */
const AWAY_REST_MS = 60_000

/**
 * Certificates of a public authority for hosts that are not of the platform's own domains: one order at a time,
 * kept at every step, so that a life that ends in the middle of one costs no further order. Until there is one
 * the platform's own authority stands for the host.
 */
export function publicCertificateKeeper(deps: PublicCertificateDeps) {
  const { store, clock, log } = deps
  const now = (): number => clock.now().getTime()
  /** The authority has had enough of us, or is away. */
  let restsUntilMs = 0
  const steps = publicOrders(deps, (untilMs) => (restsUntilMs = untilMs))

  async function keep(): Promise<void> {
    const hosts = await deps.hosts()
    const rows = await store.read.publicCertificates.all()
    const known = new Map(rows.map((row) => [row.host, row]))
    const wanted = new Set(hosts.map(({ host }) => host))
    const gone = rows.map(({ host }) => host).filter((host) => !wanted.has(host))
    if (gone.length > 0) await store.write((q) => q.publicCertificates.remove(gone))
    // What has been begun goes first: the authority waits for it.
    const begun = hosts.filter(({ host }) => known.get(host)?.sealedOrder)
    const rest = hosts.filter((one) => !begun.includes(one) && isDue(known.get(one.host)))
    for (const host of [...begun, ...rest]) {
      if (now() < restsUntilMs) return
      // oxlint-disable-next-line no-await-in-loop -- one order at a time
      await steps.work(host, known.get(host.host) ?? rowOf(host.host))
    }
  }

  function isDue(row: PublicCertificateRow | undefined): boolean {
    if (row === undefined) return true
    if (now() < row.nextAt) return false
    const { host, notBefore, notAfter } = row
    return (
      notBefore === null || notAfter === null || now() >= renewalMs(host, { notBefore, notAfter })
    )
  }

  return {
    /** Gets what is missing or grows old. Takes as long as the authority does; nobody has to wait for it. */
    keep: coalesced(async () => {
      try {
        await keep()
      } catch (error) {
        restsUntilMs = now() + AWAY_REST_MS
        log('warn', 'Cannot keep the public certificates; it is tried again', { error })
      }
    }),
  }
}
