import { appDomains } from './app-domains.ts'
import { hashPassword } from '../adapters/password-hash.ts'
import { domainService, type DomainDeps } from '../services/domains.ts'
import { routeService, type RouteDeps } from '../services/routes.ts'
import type { Outside } from './outside.ts'

type Common = Pick<
  DomainDeps & RouteDeps,
  'audit' | 'clock' | 'events' | 'newId' | 'routesChanged' | 'store'
>

/** Routes, and the domains that they may use. */
export function routing({ settings, domainProofs: proofs }: Outside, common: Common) {
  const domains = appDomains(settings)
  const ownNames = [...domains, settings.CLOUDLET_INTERNAL_DOMAIN, settings.CLOUDLET_API_HOST ?? '']
  return {
    routes: routeService({
      ...common,
      domains,
      hashPassword,
    }),
    domains: domainService({
      ...common,
      proofs,
      ownNames: ownNames.filter((name) => name !== ''),
    }),
  }
}
