import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import { routeFor } from '../core/route-match.ts'
import type { App } from '../core/routing.ts'
import type { RoutingView } from './routing-view.ts'
import * as troubles from './troubles.ts'

/**
 * Whom a request is for: the apps of the route that takes it, or the app whose host it is. What a policy asks for
 * and is not done here is not left undone: such a route answers nobody.
 */
export function appFor(view: RoutingView, head: RequestHead, from: number | null): App | Trouble {
  const { host } = head.meaning
  const app = view.find(host, from)
  if (app === undefined) return troubles.unknownHost(host)
  if (app.routes === undefined) return app
  const found = routeFor(app.routes, head)
  if (found === 'path-refused') return troubles.badRequest(400, 'its path can be read in two ways')
  if (found !== undefined) {
    return found.pool.rules?.isObeyed === true ? found.pool : troubles.routeNotServed(host)
  }
  return app.members.length > 0 ? app : troubles.unknownHost(host)
}
