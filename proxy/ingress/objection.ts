import type { BodyReader } from '../core/http-body.ts'
import { passesBy } from '../core/http-forward.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { App } from '../core/routing.ts'
import { onlyOverTls } from './api-troubles.ts'
import type { IngressContext } from './context.ts'
import type { Sender } from './forwarded-lines.ts'
import type { RoutingView } from './routing-view.ts'
import * as troubles from './troubles.ts'

/** Why a request is answered by nobody, whatever app it is for; null: it may go on. */
export function objectionTo(
  { limits, view }: Pick<IngressContext, 'limits' | 'view'>,
  head: RequestHead,
  { body, bodyBytes }: { readonly body: BodyReader; readonly bodyBytes: number },
): Trouble | null {
  if (body.state === 'refused') return troubles.badRequest(400, body.reason)
  const { framing, host } = head.meaning
  const length = framing.kind === 'length' ? framing.bytes : bodyBytes
  if (length > limits.bodyBytes) return troubles.contentTooLarge()
  return passesBy(head, view.via) >= limits.passes ? troubles.loop(host) : null
}

interface Arrived {
  readonly head: RequestHead
  readonly sender: Sender
  readonly serverName: string | null
}

/** Why a request may not reach its app by the way that it came; null: it may. */
export function objectionAt(
  view: RoutingView,
  app: App,
  { head, sender, serverName }: Arrived,
): Trouble | null {
  const { host } = head.meaning
  if (view.isMisdirected(app, host, serverName)) return troubles.misdirected(host)
  const isInClear = app.front !== undefined && sender.scheme !== 'https'
  return isInClear ? onlyOverTls(app.front, head) : null
}
