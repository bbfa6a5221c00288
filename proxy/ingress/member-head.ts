import { edgeLine } from '../core/api-front.ts'
import { requestForMember } from '../core/http-forward.ts'
import type { RequestHead } from '../core/http-request.ts'
import { changedRequest } from '../core/route-changes.ts'
import type { App } from '../core/routing.ts'
import type { Client } from './client.ts'
import type { Sender } from './forwarded-lines.ts'
import type { RoutingView } from './routing-view.ts'

interface Asking {
  readonly head: RequestHead
  readonly requestId: string
  readonly sender: Sender
}

interface Around {
  readonly client: Client
  readonly view: RoutingView
  readonly app: App | undefined
}

/** The head as the member gets it, with what we say of who asks. */
export function memberHead(asking: Asking, { client, view, app }: Around): string {
  const { head, requestId, sender } = asking
  const ours = client.forwarded.of(head, { requestId, via: view.via, sender })
  const rules = app?.rules
  if (rules === undefined) return requestForMember(head, ours + edgeLine(app?.front, sender.peer))
  const changed = changedRequest(head, rules)
  return requestForMember(changed.head, ours + changed.lines)
}
