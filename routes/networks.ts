import * as contract from '../src/contract/networks.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { NetworkService } from '../src/services/networks.ts'

export function networkRoutes(app: App, networks: NetworkService): void {
  mount(app, contract.createNetwork, ({ params, body }, { actor, caller }) =>
    networks.create({ ...params, actor, caller }, body),
  )
  mount(app, contract.listNetworks, ({ params, query }) => networks.list(params.tenant, query))
  mount(app, contract.getNetwork, ({ params }) => networks.get(params.tenant, params.network))
  mount(app, contract.updateNetwork, ({ params, body }, { actor, caller }) =>
    networks.update({ ...params, actor, caller }, body),
  )
  mount(app, contract.deleteNetwork, ({ params }, { actor }) =>
    networks.delete({ ...params, actor }),
  )
}
