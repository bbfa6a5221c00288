import * as contract from '../src/contract/firewalls.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { FirewallService } from '../src/services/firewalls.ts'

export function firewallRoutes(app: App, firewalls: FirewallService): void {
  mount(app, contract.createFirewall, ({ params, body }, { actor }) =>
    firewalls.create({ ...params, actor }, body),
  )
  mount(app, contract.listFirewalls, ({ params, query }) => firewalls.list(params.tenant, query))
  mount(app, contract.getFirewall, ({ params }) => firewalls.get(params.tenant, params.firewall))
  mount(app, contract.updateFirewall, ({ params, body }, { actor }) =>
    firewalls.update({ ...params, actor }, body),
  )
  mount(app, contract.deleteFirewall, ({ params }, { actor }) =>
    firewalls.delete({ ...params, actor }),
  )
}
