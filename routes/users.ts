import { platformUsers, tenantUsers } from '../src/contract/users.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { UserService } from '../src/services/users.ts'

export function userRoutes(app: App, users: UserService): void {
  mount(app, tenantUsers.create, ({ params, body }, at) =>
    users.create({ ...at, tenant: params.tenant }, body),
  )
  mount(app, tenantUsers.list, ({ params, query }) => users.list(params.tenant, query))
  mount(app, tenantUsers.update, ({ params, body }, at) =>
    users.update({ ...at, tenant: params.tenant }, params.user, body),
  )
  mount(app, tenantUsers.delete, ({ params }, at) =>
    users.delete({ ...at, tenant: params.tenant }, params.user),
  )
  mount(app, platformUsers.create, ({ body }, at) => users.create({ ...at, tenant: null }, body))
  mount(app, platformUsers.list, ({ query }) => users.list(null, query))
  mount(app, platformUsers.update, ({ params, body }, at) =>
    users.update({ ...at, tenant: null }, params.user, body),
  )
  mount(app, platformUsers.delete, ({ params }, at) =>
    users.delete({ ...at, tenant: null }, params.user),
  )
}
