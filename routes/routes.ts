import * as contract from '../src/contract/routes.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { RouteService } from '../src/services/routes.ts'

export function routeRoutes(app: App, routes: RouteService): void {
  mount(app, contract.createRoute, ({ params, body }, { actor }) =>
    routes.create({ ...params, actor }, body),
  )
  mount(app, contract.listRoutes, ({ params }) => routes.list(params.tenant))
  mount(app, contract.getRoute, ({ params }) => routes.get(params.tenant, params.route))
  mount(app, contract.updateRoute, ({ params, body }, { actor }) =>
    routes.update({ ...params, actor }, body),
  )
  mount(app, contract.deleteRoute, ({ params }, { actor }) => routes.delete({ ...params, actor }))
}
