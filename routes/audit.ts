import * as contract from '../src/contract/audit.ts'
import { mount, mountStream } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { AuditCheckService } from '../src/services/audit-check.ts'
import type { AuditService } from '../src/services/audit.ts'

interface Deps {
  readonly audit: AuditService
  readonly auditCheck: AuditCheckService
}

export function auditRoutes(app: App, { audit, auditCheck: check }: Deps): void {
  mount(app, contract.listAudit, ({ query }) => audit.list(query))
  mount(app, contract.listTenantAudit, ({ params, query }) =>
    audit.listOfTenant(params.tenant, query),
  )
  mount(app, contract.verifyAudit, ({ query }, { signal }) => check.verify(query, signal))
  mount(app, contract.verifyTenantAudit, ({ params, query }, { signal }) =>
    check.verifyOfTenant(params.tenant, query, signal),
  )
  mount(app, contract.verifyGivenAudit, async ({ body }) => check.verifyGiven(body.entries))
  mount(app, contract.verifyGivenTenantAudit, ({ params, body }) =>
    check.verifyGivenOfTenant(params.tenant, body.entries),
  )
  mountStream(app, contract.exportAudit, {
    serve: ({ query }, { signal }) => check.export(query, signal),
    text: (link) => JSON.stringify(link),
  })
  mountStream(app, contract.exportTenantAudit, {
    serve: ({ params }, { signal }) => check.exportOfTenant(params.tenant, signal),
    text: (link) => JSON.stringify(link),
  })
}
