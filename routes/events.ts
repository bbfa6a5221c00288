import { listEvents, listTenantEvents } from '../src/contract/events.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { EventService } from '../src/services/events.ts'

export function eventRoutes(app: App, events: EventService): void {
  mount(app, listEvents, ({ query }) => events.list(query))
  mount(app, listTenantEvents, ({ params, query }) => events.listOfTenant(params.tenant, query))
}
