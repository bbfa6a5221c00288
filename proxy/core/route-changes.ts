import { HOP } from './http-field-kind.ts'
import { fieldName, lineEnd } from './http-fields.ts'
import { targetOf } from './http-forward.ts'
import type { RequestHead } from './http-request.ts'
import type { ResponseHead } from './http-response.ts'
import { corsChange } from './route-cors.ts'
import { changedTarget, type RouteRules } from './route-rules.ts'
import type { HeaderChange } from './route.ts'

/** A request as a route has it, and whole lines that it gets besides. */
export interface ChangedRequest {
  readonly head: RequestHead
  readonly lines: string
}

/** Path, host and fields as the route rewrites them. The bytes stay as they came; what goes is marked as of this hop. */
export function changedRequest(head: RequestHead, { policy, prefix }: RouteRules): ChangedRequest {
  const { rewrite, requestHeaders } = policy
  const moved = rewrite === undefined ? head : rewritten(head, rewrite, prefix)
  if (requestHeaders === undefined) return { head: moved, lines: '' }
  const { bytes, fields } = moved
  const gone = goneBy(requestHeaders)
  const kinds = fields.kinds.map((kind, i) => (gone.has(fieldName(bytes, fields, i)) ? HOP : kind))
  return { head: { ...moved, fields: { ...fields, kinds } }, lines: linesOf(requestHeaders) }
}

function rewritten(
  head: RequestHead,
  { host, path }: NonNullable<RouteRules['policy']['rewrite']>,
  prefix: string,
): RequestHead {
  const target = targetOf(head)
  const isPath = path !== undefined && target.startsWith('/')
  return {
    ...head,
    meaning: {
      ...head.meaning,
      authority: host ?? head.meaning.authority,
      target: isPath ? changedTarget(target, path, prefix) : target,
    },
  }
}

/** The head of an answer with other fields, in latin1. */
export function changedHead({ bytes, fields }: ResponseHead, change: HeaderChange): string {
  const gone = goneBy(change)
  let text = bytes.toString('latin1', 0, fields.places[0] ?? fields.end - 2)
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (!gone.has(fieldName(bytes, fields, i))) {
      text += bytes.toString('latin1', fields.places[i * 4], lineEnd(fields, i))
    }
  }
  return `${text}${linesOf(change)}\r\n`
}

/**
 * What the client is told by a route's answers: who may read them, over TLS to ask by TLS alone (RFC 6797 §7.2), and
 * last what the route says itself.
 */
export function responseChange(
  { cors, https, responseHeaders }: RouteRules['policy'],
  asked: RequestHead,
  isSecure: boolean,
): HeaderChange | undefined {
  const all: HeaderChange[] = []
  if (cors !== undefined) all.push(corsChange(cors, asked))
  if (https !== undefined && isSecure) all.push(hsts(https))
  if (responseHeaders !== undefined) all.push(responseHeaders)
  if (all.length < 2) return all[0]
  return {
    remove: all.flatMap(({ remove = [] }) => remove),
    set: lastOf(all.flatMap(({ set = [] }) => set)),
    add: all.flatMap(({ add = [] }) => add),
  }
}

function hsts({
  hstsSeconds,
  includeSubdomains,
}: NonNullable<RouteRules['policy']['https']>): HeaderChange {
  const value = `max-age=${hstsSeconds}${includeSubdomains ? '; includeSubDomains' : ''}`
  return { set: [['strict-transport-security', value]] }
}

/** Of those that set the same field. */
const lastOf = (set: NonNullable<HeaderChange['set']>): NonNullable<HeaderChange['set']> => [
  ...new Map(set),
]

const goneBy = ({ remove = [], set = [] }: HeaderChange): ReadonlySet<string> =>
  new Set([...remove, ...set.map(([name]) => name)])

const linesOf = ({ set = [], add = [] }: HeaderChange): string =>
  [...set, ...add].map(([name, value]) => `${name}: ${value}\r\n`).join('')
