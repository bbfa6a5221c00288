import type { BodyReader } from '../core/http-body.ts'
import { passesBy } from '../core/http-forward.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import { answerOf } from '../core/route-rules.ts'
import type { App } from '../core/routing.ts'
import { onlyOverTls } from './api-troubles.ts'
import type { IngressContext } from './context.ts'
import type { Sender } from './forwarded-lines.ts'
import { ownAnswer, type OwnAnswer } from './own-answer.ts'
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

type Here = Pick<IngressContext, 'limits' | 'rates' | 'securePort' | 'view'>

interface Arrived {
  readonly head: RequestHead
  readonly sender: Sender
  readonly serverName: string | null
  /** Of its content, so far. */
  readonly bodyBytes: number
}

/** Why a request may not reach its app by the way that it came; null: it may. */
export function objectionAt(
  { limits, rates, securePort, view }: Here,
  app: App,
  arrived: Arrived,
): Trouble | OwnAnswer | null {
  const { head, sender, serverName } = arrived
  const { host } = head.meaning
  if (view.isMisdirected(app, host, serverName)) return troubles.misdirected(host)
  const isInClear = app.front !== undefined && sender.scheme !== 'https'
  if (isInClear) return onlyOverTls(app.front, head)
  const { rules } = app
  if (rules === undefined) return null
  const take = (): number => rates.take(rules, sender.peer, arrived)
  const answered = answerOf(rules, arrived, { securePort: securePort(), take })
  if (typeof answered === 'string') return ownAnswer(answered, head.line.method)
  if (answered !== null) return answered
  const { framing } = head.meaning
  const length = framing.kind === 'length' ? framing.bytes : arrived.bodyBytes
  return length > bodyLimit(limits, app) ? troubles.contentTooLarge() : null
}

/** The larger one that a route asks for is not given: what the ingress takes of anybody is the operator's word. */
export const bodyLimit = ({ bodyBytes }: IngressContext['limits'], app: App | undefined): number =>
  Math.min(bodyBytes, app?.rules?.policy.bodyBytes ?? bodyBytes)
