import { appDomains } from './app-domains.ts'
import { certificateKeeper } from '../reconcile/certificates.ts'
import type { EgressNames } from '../reconcile/egress-names.ts'
import { publicCertificateKeeper } from '../reconcile/public-certificates.ts'
import { publishedRoutes, type PublishedRoutes } from '../reconcile/published-routes.ts'
import { publisher } from '../reconcile/publisher.ts'
import { warnOfEnds } from '../reconcile/tenant-certificates.ts'
import type { EventService } from '../services/events.ts'
import { apiFrontOf } from './front-door.ts'
import type { Outside } from './outside.ts'
import { ticketSigner } from './tunnelling.ts'

const NO_CERTIFICATES = 'Cannot keep the certificates; it is tried again'

type Recording = EventService['record']

/** What the edge is told: its table, and its certificates. */
export function publishing(outside: Outside, record: Recording, names: EgressNames) {
  const { instance, settings, store, edge, clock, keyRing } = outside
  const domains = appDomains(settings)
  const internalDomain = settings.CLOUDLET_INTERNAL_DOMAIN
  const tunnelKey = ticketSigner(keyRing).publicKey
  const table = { instance: instance.id, domains, internalDomain, pool: instance.pool, tunnelKey }
  const routes = publishedRoutes(domains)
  const certificates = certificatesOf(outside, record, { domains, routes })
  const tables = publisher({ store, edge, clock, routes, table, names })
  return {
    certificates,
    publisher: {
      publish(): Promise<number> {
        // A tenant whose first container comes may be new; nobody has to wait for its certificate.
        certificates.keepAll()
        return tables.publish()
      },
    },
  }
}

interface Certified {
  readonly domains: readonly string[]
  readonly routes: PublishedRoutes
}

/** Of the platform's own authority, and of a public one where there is one. */
function certificatesOf(outside: Outside, record: Recording, { domains, routes }: Certified) {
  const { settings, publicAuthority: authority, log, instance, store } = outside
  const hosts = () => routes.customHosts(store.read)
  const api = apiFrontOf(outside)
  const own = certificateKeeper({
    ...outside,
    instance: instance.id,
    domains,
    api,
    customHosts: hosts,
  })
  const noted = (error: unknown): void => log('warn', NO_CERTIFICATES, { error })
  const byOthers =
    authority &&
    publicCertificateKeeper({
      ...outside,
      authority,
      directory: settings.CLOUDLET_ACME_DIRECTORY ?? '',
      record,
      changed: () => void own.changed().catch(noted),
      async hosts() {
        const custom = await hosts()
        return api === undefined ? custom : [{ host: api.host, tenantId: null }, ...custom]
      },
    })
  return {
    authority: own.authority,
    changed: (): void => void own.changed().catch(noted),
    /** Nobody has to wait for it. */
    keepAll(): void {
      own.keep().then(byOthers?.keep, noted)
    },
    warnOfEnds: () => warnOfEnds({ ...outside, record }),
  }
}
