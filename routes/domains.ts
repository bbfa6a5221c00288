import * as contract from '../src/contract/domains.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { DomainService } from '../src/services/domains.ts'

export function domainRoutes(app: App, domains: DomainService): void {
  mount(app, contract.claimDomain, ({ params, body }, { actor }) =>
    domains.claim({ ...params, actor }, body),
  )
  mount(app, contract.listDomains, ({ params }) => domains.list(params.tenant))
  mount(app, contract.getDomain, ({ params }) => domains.get(params.tenant, params.domain))
  mount(app, contract.verifyDomain, ({ params }, { actor }) => domains.verify({ ...params, actor }))
  mount(app, contract.deleteDomain, ({ params }, { actor }) => domains.delete({ ...params, actor }))
}
