import { namedFields } from './http-fields.ts'
import type { RequestHead } from './http-request.ts'
import type { CorsPolicy, HeaderChange } from './route.ts'

/** Which pages of other origins may read what a route answers, as the Fetch standard has it (§3.2, CORS protocol). */

const OWN_FIELDS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]

/**
 * The whole answer to a browser that asks beforehand, in latin1; null: the request is no such question. An origin
 * that is not let in is told nothing of it, and its browser does not go on.
 */
export function preflight(cors: CorsPolicy, head: RequestHead): string | null {
  const origin = valueOf(head, 'origin')
  const isAsked = valueOf(head, 'access-control-request-method') !== null
  if (head.line.method !== 'OPTIONS' || origin === null || !isAsked) return null
  const lines = ['HTTP/1.1 204 No Content']
  const allowed = allowedOrigin(cors, origin)
  if (allowed !== null) {
    lines.push(`Access-Control-Allow-Origin: ${allowed}`)
    lines.push(`Access-Control-Allow-Methods: ${cors.methods.join(', ')}`)
    if (cors.headers.length > 0) {
      lines.push(`Access-Control-Allow-Headers: ${cors.headers.join(', ')}`)
    }
    if (cors.credentials) lines.push('Access-Control-Allow-Credentials: true')
    lines.push(`Access-Control-Max-Age: ${cors.maxAgeSeconds}`)
  }
  if (allowed !== '*') lines.push('Vary: Origin')
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** What is said with an answer, in place of the app's own word on it. */
export function corsChange(cors: CorsPolicy, head: RequestHead): HeaderChange {
  const origin = valueOf(head, 'origin')
  const allowed = origin === null ? null : allowedOrigin(cors, origin)
  const set: (readonly [string, string])[] = []
  if (allowed !== null) {
    set.push(['access-control-allow-origin', allowed])
    if (cors.credentials) set.push(['access-control-allow-credentials', 'true'])
    if (cors.expose.length > 0) set.push(['access-control-expose-headers', cors.expose.join(', ')])
  }
  // Where answers differ by origin, a cache has to know, also of those that were asked without one.
  const isSame = cors.origins.includes('*') && !cors.credentials
  return { remove: OWN_FIELDS, set, ...(isSame ? {} : { add: [['vary', 'Origin']] }) }
}

function allowedOrigin({ origins, credentials }: CorsPolicy, origin: string): string | null {
  if (origins.includes('*') && !credentials) return '*'
  return origins.includes(origin) ? origin : null
}

/** Null: it is not there. A field that comes twice says nothing. */
function valueOf({ bytes, fields }: RequestHead, name: string): string | null {
  const values = namedFields(bytes, fields, name)
  return values.length === 1 ? (values[0] ?? null) : null
}
