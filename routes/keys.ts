import { platformKeys, tenantKeys } from '../src/contract/keys.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { KeyService } from '../src/services/keys.ts'

export function keyRoutes(app: App, keys: KeyService): void {
  mount(app, tenantKeys.create, ({ params: { tenant }, body }, { actor, caller }) =>
    keys.create({ tenant, actor, caller }, body),
  )
  mount(app, tenantKeys.list, ({ params, query }) => keys.list(params.tenant, query))
  mount(app, tenantKeys.get, ({ params }) => keys.get(params.tenant, params.key))
  mount(app, tenantKeys.revoke, ({ params: { tenant, key } }, { actor, caller }) =>
    keys.revoke({ tenant, actor, caller }, key),
  )
  mount(app, tenantKeys.rotate, ({ params: { tenant, key }, query }, { actor, caller }) =>
    keys.rotate({ tenant, actor, caller }, key, query.graceSeconds),
  )
  mount(app, tenantKeys.createToken, ({ params: { tenant, key }, body }, { actor, caller }) =>
    keys.createToken({ tenant, actor, caller }, key, body),
  )
}

export function platformKeyRoutes(app: App, keys: KeyService): void {
  mount(app, platformKeys.create, ({ body }, { actor, caller }) =>
    keys.create({ tenant: null, actor, caller }, body),
  )
  mount(app, platformKeys.list, ({ query }) => keys.list(null, query))
  mount(app, platformKeys.get, ({ params }) => keys.get(null, params.key))
  mount(app, platformKeys.revoke, ({ params }, { actor, caller }) =>
    keys.revoke({ tenant: null, actor, caller }, params.key),
  )
  mount(app, platformKeys.rotate, ({ params, query }, { actor, caller }) =>
    keys.rotate({ tenant: null, actor, caller }, params.key, query.graceSeconds),
  )
  mount(app, platformKeys.createToken, ({ params, body }, { actor, caller }) =>
    keys.createToken({ tenant: null, actor, caller }, params.key, body),
  )
}
