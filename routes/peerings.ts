import * as contract from '../src/contract/peerings.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { PeeringService } from '../src/services/peerings.ts'

export function peeringRoutes(app: App, peerings: PeeringService): void {
  mount(app, contract.createPeering, ({ params, body }, { actor }) =>
    peerings.create({ ...params, actor }, body),
  )
  mount(app, contract.listPeerings, ({ params }) => peerings.list(params.tenant))
  mount(app, contract.getPeering, ({ params }) => peerings.get(params.tenant, params.peering))
  mount(app, contract.acceptPeering, ({ params, body }, { actor }) =>
    peerings.accept({ ...params, actor }, body.network),
  )
  mount(app, contract.deletePeering, ({ params }, { actor }) =>
    peerings.delete({ ...params, actor }),
  )
}
