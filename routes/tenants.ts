import { deleteTenant, resumeTenant, suspendTenant } from '../src/contract/tenant-life.ts'
import { createTenant, getTenant, listTenants, updateTenant } from '../src/contract/tenants.ts'
import { mount, mountChange, type Settle } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { TenantService } from '../src/services/tenants.ts'

interface Deps {
  readonly tenants: TenantService
  readonly settle: Settle
}

export function tenantRoutes(app: App, { tenants, settle }: Deps): void {
  mount(app, createTenant, ({ body }, { actor }) => tenants.create(body, actor))
  mount(app, listTenants, ({ query }) => tenants.list(query))
  mount(app, getTenant, ({ params }) => tenants.get(params.tenant))
  mount(app, updateTenant, ({ params, body }, { actor }) =>
    tenants.update(params.tenant, body, actor),
  )
  mountChange(app, suspendTenant, {
    serve: ({ params, body }, { actor }) => tenants.suspend(params.tenant, body, actor),
    settle,
  })
  mountChange(app, resumeTenant, {
    serve: ({ params }, { actor }) => tenants.resume(params.tenant, actor),
    settle,
  })
  mountChange(app, deleteTenant, {
    serve: ({ params, query }, { actor }) => tenants.delete(params.tenant, actor, query),
    settle,
  })
}
