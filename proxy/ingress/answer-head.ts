import { Buffer } from 'node:buffer'
import { withinZone } from '../core/http-cookies.ts'
import type { RequestHead } from '../core/http-request.ts'
import { readResponseHead, type ResponseHead } from '../core/http-response.ts'
import { changedHead, responseChange } from '../core/route-changes.ts'
import type { HeaderChange } from '../core/route.ts'
import { zoneOf, type App } from '../core/routing.ts'
import type { Sender } from './forwarded-lines.ts'

interface Asking {
  readonly app: App | undefined
  readonly head: RequestHead
  readonly host: string
  readonly sender: Sender
}

/** The head as the client may have it: as its route changes it, and without cookies for other tenants. Null: too large. */
export function answerHead(
  read: ResponseHead,
  { app, head, host, sender }: Asking,
): ResponseHead | null {
  if (app === undefined) return read
  const change = app.rules && responseChange(app.rules.policy, head, sender.scheme === 'https')
  const changed = change === undefined ? read : changedBy(change, read, head.line.method)
  const zone = zoneOf(app, host)
  return zone === null || changed === null ? changed : withinZone(changed, zone)
}

/** Read anew, as strictly as what the app has said itself. */
function changedBy(change: HeaderChange, read: ResponseHead, method: string): ResponseHead | null {
  const text = Buffer.from(changedHead(read, change), 'latin1')
  const head = readResponseHead(Buffer.concat([text, read.bytes.subarray(read.end)]), method)
  return head.kind === 'head' ? head : null
}
