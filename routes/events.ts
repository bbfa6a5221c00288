import type { Input } from '../src/contract/endpoint.ts'
import {
  followEvents,
  followTenantEvents,
  listEvents,
  listTenantEvents,
  type CloudEvent,
} from '../src/contract/events.ts'
import { mountFeed } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { EventService } from '../src/services/events.ts'

const text = ({ time, level, action, message }: CloudEvent): string =>
  `${time} ${level} ${action} ${message}`

export function eventRoutes(app: App, events: EventService): void {
  const all = { list: listEvents, follow: followEvents }
  mountFeed(app, all, {
    page: ({ query }) => events.list(query),
    serve: ({ query }, at) => events.follow(asked(query, at.lastSeen), at),
    text,
  })
  const ofTenant = { list: listTenantEvents, follow: followTenantEvents }
  mountFeed(app, ofTenant, {
    page: ({ params, query }) => events.listOfTenant(params.tenant, query),
    serve: ({ params, query }, at) =>
      events.followTenant(params.tenant, asked(query, at.lastSeen), at),
    text,
  })
}

type Query = Input<typeof listEvents>['query']

/** Whoever was cut off goes on where that was, wherever it had begun. */
const asked = ({ level, action, target, since }: Query, lastSeen: number | undefined) => ({
  level,
  action,
  target,
  since: lastSeen ?? since,
})
