import type { Answer } from '../services/once.ts'
import { responseOf } from './answer.ts'
import { Failure, type FailureCode, type FailureDetails } from '../core/failure.ts'

/** Exhaustive on purpose: a new failure code does not compile until it has a status and a title. */
export const PROBLEMS = {
  'already-done': { status: 409, title: 'Carried out before' },
  'api-away': { status: 503, title: 'API away for a moment' },
  'api-lost': { status: 502, title: 'API ended before it had answered' },
  'address-exhausted': { status: 409, title: 'No address left in the network' },
  'address-taken': { status: 409, title: 'Address taken' },
  'body-too-large': { status: 413, title: 'Body too large' },
  // RFC 4918 §11.5: not to be repeated without a human's word, which 503 would ask clients to do.
  'capacity-exceeded': { status: 507, title: 'No room on this host' },
  cancelled: { status: 409, title: 'Operation cancelled' },
  'container-exited': { status: 422, title: 'Container ended by itself' },
  'engine-refused': { status: 422, title: 'Refused by the container engine' },
  'engine-unavailable': { status: 503, title: 'Container engine unavailable' },
  'idempotency-key-reused': { status: 422, title: 'Idempotency-Key of another request' },
  'image-unavailable': { status: 422, title: 'Image unavailable' },
  'invalid-input': { status: 422, title: 'Invalid input' },
  'invalid-token': { status: 401, title: 'Token missing or not valid' },
  'firewall-in-use': { status: 409, title: 'Firewall in use' },
  'host-unknown': { status: 421, title: 'Misdirected request' },
  'media-type-unknown': { status: 415, title: 'Media type not understood' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'name-taken': { status: 409, title: 'Name already taken' },
  'network-in-use': { status: 409, title: 'Network in use' },
  'node-cordoned': { status: 409, title: 'Machine takes nothing new' },
  'node-drained': { status: 409, title: 'Machine drained' },
  'not-acceptable': { status: 406, title: 'Not in a form that is accepted' },
  'not-allowed': { status: 403, title: 'Permission missing' },
  'not-found': { status: 404, title: 'Not found' },
  'precondition-failed': { status: 412, title: 'Changed since it was read' },
  'quota-exceeded': { status: 403, title: 'Quota exceeded' },
  'range-taken': { status: 409, title: 'Range not free here' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'reader-too-slow': { status: 409, title: 'Reader too slow' },
  'request-running': { status: 409, title: 'Not yet answered' },
  'sign-in-refused': { status: 403, title: 'Sign-in refused' },
  'sign-in-unavailable': { status: 503, title: 'Identity provider unavailable' },
  'request-too-slow': { status: 408, title: 'Request too slow' },
  'state-conflict': { status: 409, title: 'Not possible in this state' },
  'storage-full': { status: 507, title: 'Disk of the platform full' },
  'storage-unavailable': { status: 503, title: 'Database of the platform unavailable' },
  'tenant-suspended': { status: 403, title: 'Tenant suspended' },
  'domain-taken': { status: 409, title: 'Domain taken' },
  'domain-unproved': { status: 409, title: 'Domain not proved' },
  'route-conflict': { status: 409, title: 'Routes in conflict' },
  'too-many-domains': { status: 409, title: 'Too many domains' },
  'too-many-routes': { status: 409, title: 'Too many routes' },
  'too-many-peerings': { status: 409, title: 'Too many peerings' },
  'too-many-rules': { status: 409, title: 'Too many firewall rules' },
  'timed-out': { status: 504, title: 'Timed out' },
} as const satisfies Record<FailureCode, { status: number; title: string }>

export const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(PROBLEMS, code)

/** A problem as it goes out: RFC 9457 members, and the facts of its code beside them. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
}

/** Describes any thrown value. Only a `Failure` may show its message; the rest stays in the log. */
export function problemOf(error: unknown, requestId: string): Problem {
  const instance = `urn:request:${requestId}`
  if (!(error instanceof Failure)) {
    const body = { type: 'about:blank', status: 500, title: 'Internal error', instance }
    return { status: 500, code: 'internal', body, headers: {} }
  }
  const { status, title } = PROBLEMS[error.code]
  const type = `/problems/${error.code}`
  return {
    status,
    code: error.code,
    // The standard members come last, so that no fact can take their place.
    body: { ...error.details, type, status, title, detail: error.message, instance },
    headers: headersOf(error),
  }
}

export const problemAnswer = ({ status, body, headers }: Problem): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
})

export const rendered = (problem: Problem): Response => responseOf(problemAnswer(problem))

function headersOf({ code, details }: Failure): Record<string, string> {
  if (code === 'invalid-token') return { 'www-authenticate': 'Bearer realm="cloudlet"' }
  // The rest of the request may still come: the connection is of no use for another.
  if (code === 'request-too-slow' || code === 'body-too-large') return { connection: 'close' }
  if ('allow' in details) return { allow: details.allow }
  if ('retryAfterSeconds' in details) return { 'retry-after': String(details.retryAfterSeconds) }
  return {}
}

interface RecordedError {
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The failure that an operation has recorded, to be thrown again at who waited for it. */
export function failureOf(error: RecordedError | null, operation: string): Error {
  if (error === null) {
    const message = 'Cannot finish the operation: it was cancelled'
    return new Failure('cancelled', message, { operation })
  }
  if (!isFailureCode(error.code)) return new Error(error.message)
  // The row was written from a failure of this very code, so the facts are those it promises; one
  // of an older version shows the facts of that version.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const details = { ...error.details, operation } as unknown as FailureDetails[FailureCode]
  return new Failure(error.code, error.message, details)
}
