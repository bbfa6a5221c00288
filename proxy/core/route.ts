/**
 * A route: which requests of a host it takes, what is done with them, and which apps they go to. Of the
 * routes of a host the most specific one that takes a request wins: the longest path, then the one with
 * methods, then the one with most header fields, then the first by id. What no route takes goes to the
 * app whose own host it is. Values are checked before they get here; the edge takes them as they are.
 */
export interface Route {
  readonly id: string
  readonly tenant: string
  readonly name: string
  /** In lower case, without a trailing dot; `*.acme.cloud.local` takes every name of one label more. */
  readonly hosts: readonly string[]
  readonly match: RouteMatch
  /** Where requests go, by weight. Empty: the policy answers them all (`redirect`, `maintenance`). */
  readonly targets: readonly RouteTarget[]
  readonly policy: RoutePolicy
}

export interface RouteMatch {
  /** Whole segments: `/api` takes `/api` and `/api/x`, and not `/apix`. */
  readonly pathPrefix: string
  /** In capitals; empty: every method. */
  readonly methods: readonly string[]
  /** All of them; names in lower case. A value of null: the field is there. */
  readonly headers: readonly { readonly name: string; readonly value: string | null }[]
}

export interface RouteTarget {
  /** `<app>.<tenant>` of the route's own tenant. */
  readonly app: string
  /** From 0 to 1000; of all of a route together. */
  readonly weight: number
}

/** What is done with a request, in this order; whatever is absent is not done. */
export interface RoutePolicy {
  readonly maintenance?: { readonly message: string; readonly retryAfterSeconds: number }
  /** A request in clear is sent to the same place by TLS (308), and TLS is asked for from then on (RFC 6797). */
  readonly https?: { readonly hstsSeconds: number; readonly includeSubdomains: boolean }
  /** CIDR, IPv4 and IPv6; whoever is in none of them gets 403. */
  readonly allow?: readonly string[]
  /** For each client's address: a token bucket. */
  readonly rate?: { readonly perSecond: number; readonly burst: number }
  readonly cors?: CorsPolicy
  readonly basicAuth?: { readonly realm: string; readonly users: readonly BasicUser[] }
  readonly forwardAuth?: ForwardAuth
  readonly redirect?: Redirect
  /** Of the content, decoded from its framing; above it 413. */
  readonly bodyBytes?: number
  readonly rewrite?: { readonly host?: string; readonly path?: PathChange }
  readonly requestHeaders?: HeaderChange
  readonly responseHeaders?: HeaderChange
  readonly sticky?: { readonly cookie: string; readonly ttlSeconds: number }
  readonly balance?: Balance
  readonly timeouts?: { readonly responseHeadMs?: number; readonly requestMs?: number }
  /** How often one request is tried at most, and after which answers; 1: once. */
  readonly retries?: { readonly attempts: number; readonly statuses: readonly number[] }
  /** A copy of so many of a hundred requests goes to this app too, and its answer to nobody. */
  readonly mirror?: { readonly app: string; readonly percent: number }
  /** In the order of preference; for answers that are text and not yet encoded. */
  readonly compress?: readonly ('br' | 'gzip' | 'zstd')[]
  /** Of a hundred requests so many are written down. */
  readonly accessLog?: { readonly percent: number }
}

export interface CorsPolicy {
  /** Whole origins, or `*`. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly string[]
  readonly expose: readonly string[]
  readonly credentials: boolean
  readonly maxAgeSeconds: number
}

export interface BasicUser {
  readonly name: string
  /** `scrypt:<log2 N>:<r>:<p>:<salt>:<key>`, both base64url. */
  readonly hash: string
}

export interface ForwardAuth {
  /** An app of the same tenant is asked with GET; 2xx lets the request through, all else is the answer. */
  readonly app: string
  readonly path: string
  /** Fields of its answer that the member gets, names in lower case. */
  readonly copyHeaders: readonly string[]
}

export interface Redirect {
  readonly status: 301 | 302 | 303 | 307 | 308
  readonly scheme?: 'http' | 'https'
  readonly host?: string
  readonly path?: PathChange
}

/** `prefix`: in place of the matched one; `full`: in place of the whole path. The query stays. */
export interface PathChange {
  readonly kind: 'prefix' | 'full'
  readonly value: string
}

/** First removed, then set, then added. Names in lower case; no field of framing, of a hop, or of who asks. */
export interface HeaderChange {
  readonly remove?: readonly string[]
  readonly set?: readonly (readonly [name: string, value: string])[]
  readonly add?: readonly (readonly [name: string, value: string])[]
}

export interface Balance {
  readonly kind: 'round-robin' | 'least-requests' | 'two-choices' | 'hash'
  /** For `hash`: `address` of the client, or a field's name in lower case. */
  readonly on?: string
  /** Requests that a member works on at once; more wait for `queueMs`, `queue` of them at most. */
  readonly maxRequests?: number
  readonly queue?: number
  readonly queueMs?: number
  /** A member that has come back gets its full share after so long. */
  readonly slowStartMs?: number
}
