import type { Lack } from './capacity.ts'
import type { Shortage } from './quota.ts'

/** Every failure a caller can act on, with the facts it carries. The codes are API: add, never rename. */
export interface FailureDetails {
  /** A repeat of a request that was carried out, whose answer could not be kept. */
  'already-done': { readonly target: string }
  /** Said by the ingress while the control plane is not there; nothing was done. */
  'api-away': { readonly retryAfterSeconds: number }
  /** Said by the ingress when the control plane ended before it had answered. */
  'api-lost': Readonly<Record<string, never>>
  'address-exhausted': { readonly network: string }
  /** In use, or at rest; `next` is a free one, null where there is none. */
  'address-taken': {
    readonly network: string
    readonly address: string
    readonly next: string | null
  }
  'body-too-large': { readonly limitBytes: number }
  'capacity-exceeded': { readonly shortages: readonly Lack[] }
  cancelled: { readonly operation: string }
  'container-exited': { readonly exitCode: number | null; readonly reason: string }
  /** Claimed already, or a domain above or below it is; never says by whom. */
  'domain-taken': { readonly domain: string }
  /** The world shows neither proof; these are looked for. */
  'domain-unproved': {
    readonly domain: string
    readonly dns: { readonly name: string; readonly value: string }
    readonly http: { readonly url: string; readonly value: string }
  }
  'engine-unavailable': { readonly retryAfterSeconds: number }
  'engine-refused': { readonly action: string; readonly answer: string }
  'idempotency-key-reused': { readonly key: string }
  'image-unavailable': { readonly image: string; readonly answer: string }
  'invalid-input': {
    readonly errors: readonly { readonly pointer: string; readonly detail: string }[]
  }
  'invalid-token': { readonly hint: string }
  /** Containers carry it, or rules of others name it. */
  'firewall-in-use': {
    readonly firewall: string
    readonly containers: readonly string[]
    readonly firewalls: readonly string[]
  }
  /** The request came under a host name that is not the platform's. */
  'host-unknown': { readonly setting: string }
  'media-type-unknown': { readonly expected: string }
  'method-not-allowed': { readonly method: string; readonly allow: string }
  'name-taken': { readonly kind: string; readonly name: string }
  /** Somebody is in it. */
  'network-in-use': { readonly network: string; readonly members: readonly string[] }
  /** The machine takes nothing new. */
  'node-cordoned': { readonly node: string; readonly scheduling: 'cordoned' | 'drained' }
  /** The machine runs nothing until its operator says so. */
  'node-drained': { readonly node: string }
  /** The client takes nothing of what could be answered. */
  'not-acceptable': { readonly offered: readonly string[] }
  'not-allowed': { readonly permission: string }
  'not-found': { readonly kind: string; readonly name: string }
  'precondition-failed': { readonly kind: string; readonly name: string }
  'quota-exceeded': { readonly shortages: readonly (Shortage & { readonly scope: 'tenant' })[] }
  /** Never says whose it is; `next` is a free one of that size, null where there is none. */
  'range-taken': { readonly cidr: string; readonly next: string | null }
  'rate-limited': { readonly policy: string; readonly retryAfterSeconds: number }
  'reader-too-slow': Readonly<Record<string, never>>
  /** The same request, sent before with the same Idempotency-Key, is not yet answered. */
  'request-running': { readonly retryAfterSeconds: number }
  /** Who signs in with the identity provider is not let in; `reason` says what to do. */
  'sign-in-refused': { readonly reason: string }
  /** Another route takes the same requests of this host. */
  'route-conflict': { readonly route: string; readonly host: string }
  'sign-in-unavailable': { readonly retryAfterSeconds: number }
  'request-too-slow': { readonly seconds: number }
  'state-conflict': { readonly kind: string; readonly name: string; readonly state: string }
  /** Nothing can be written down; what is there can be read. */
  'storage-full': { readonly retryAfterSeconds: number }
  'storage-unavailable': { readonly retryAfterSeconds: number }
  /** Nothing of the tenant runs until an operator of the platform says so. */
  'tenant-suspended': { readonly tenant: string; readonly reason?: string }
  'too-many-domains': { readonly most: number }
  'too-many-peerings': { readonly most: number }
  'too-many-routes': { readonly most: number }
  /** Of what one tenant's firewalls may be. */
  'too-many-rules': { readonly entries: number; readonly most: number }
  'timed-out': { readonly action: string; readonly seconds: number }
}
export type FailureCode = keyof FailureDetails

/** An expected failure. It knows nothing of HTTP: `src/http/problem.ts` picks the status. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly details: FailureDetails[FailureCode]

  constructor(code: FailureCode, message: string, details: FailureDetails[FailureCode]) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** Makes a failure whose facts are those its code promises. */
export function failure<C extends FailureCode>(
  code: C,
  message: string,
  details: FailureDetails[C],
): Failure {
  return new Failure(code, message, details)
}

export const notFound = (kind: string, name: string): Failure =>
  failure('not-found', `Cannot find ${kind} "${name}"`, { kind, name })

export const nameTaken = (kind: string, name: string): Failure =>
  failure('name-taken', `Cannot create ${kind} "${name}": the name is taken`, { kind, name })

/** What is refused, for messages: `Cannot create container "web": …`. */
export interface Subject {
  readonly verb: string
  readonly kind: string
  readonly name: string
}

export function quotaExceeded(subject: Subject, shortages: readonly Shortage[]): Failure {
  const short = shortages.map(
    ({ resource, limit, used, requested }) =>
      `${resource} (limit ${limit}, used ${used}, requested ${requested})`,
  )
  return failure(
    'quota-exceeded',
    `${cannot(subject)}: the quota has too little left of ${short.join(', ')}`,
    { shortages: shortages.map((one) => ({ ...one, scope: 'tenant' as const })) },
  )
}

/** Says what there is too little of and how much was asked for, and nothing of who has the rest. */
export function capacityExceeded(subject: Subject, shortages: readonly Lack[]): Failure {
  const short = shortages.map(
    ({ scope, resource, requested }) =>
      `the ${scope} has no room for ${resource}${resource === 'disk' ? '' : ` (requested ${requested})`}`,
  )
  const todo = 'ask for less, or have the operator make room'
  const message = `${cannot(subject)}: ${short.join(', ')}; ${todo}`
  return failure('capacity-exceeded', message, { shortages })
}

const cannot = ({ verb, kind, name }: Subject): string => `Cannot ${verb} ${kind} "${name}"`

/** One wrong field of a request whose shape alone could not show it, e.g. a port the image lacks. */
export const wrongField = (pointer: string, detail: string): Failure =>
  failure('invalid-input', `Cannot accept the request: ${detail}`, {
    errors: [{ pointer, detail }],
  })

/** What needs the engine cannot be done now; soon it can. */
export const engineAway = (action: string): Failure =>
  failure('engine-unavailable', `Cannot ${action}: the engine does not answer`, {
    retryAfterSeconds: 2,
  })
