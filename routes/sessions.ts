import { platformSessions, tenantSessions } from '../src/contract/sessions.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { SessionService } from '../src/services/sessions.ts'

export function sessionRoutes(app: App, sessions: SessionService): void {
  mount(app, tenantSessions.list, ({ params }) => sessions.list(params.tenant))
  mount(app, tenantSessions.end, ({ params }, { actor }) => sessions.end({ ...params, actor }))
  mount(app, platformSessions.list, () => sessions.list(null))
  mount(app, platformSessions.end, ({ params }, { actor }) =>
    sessions.end({ ...params, tenant: null, actor }),
  )
}
