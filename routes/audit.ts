import { listAudit, listTenantAudit } from '../src/contract/audit.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { AuditService } from '../src/services/audit.ts'

export function auditRoutes(app: App, audit: AuditService): void {
  mount(app, listAudit, ({ query }) => audit.list(query))
  mount(app, listTenantAudit, ({ params, query }) => audit.listOfTenant(params.tenant, query))
}
