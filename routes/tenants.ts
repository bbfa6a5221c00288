import {
  createTenant,
  deleteTenant,
  getTenant,
  listTenants,
  updateTenant,
} from '../src/contract/tenants.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { TenantService } from '../src/services/tenants.ts'

export function tenantRoutes(app: App, tenants: TenantService): void {
  mount(app, createTenant, ({ body }, { actor }) => tenants.create(body, actor))
  mount(app, listTenants, ({ query }) => tenants.list(query))
  mount(app, getTenant, ({ params }) => tenants.get(params.tenant))
  mount(app, updateTenant, ({ params, body }, { actor }) =>
    tenants.update(params.tenant, body, actor),
  )
  mount(app, deleteTenant, ({ params }, { actor }) => tenants.delete(params.tenant, actor))
}
