import type { BodyReader } from '../core/http-body.ts'
import { passesBy } from '../core/http-forward.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { IngressContext } from './context.ts'
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
