import type { Endpoint } from '../contract/endpoint.ts'
import { UnreachableError } from './api-error.ts'
import type { Pause } from './pause.ts'
import type { Sendable } from './request.ts'
import { untrusted } from './untrusted.ts'

/**
 * Answers a token to send. `skewMs` is how far the server's clock is ahead of ours, as far as is
 * known: a minted token's times are moved by it. A token on record may ignore it.
 */
export type TokenSource = (skewMs: number) => Promise<string>
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface ClientOptions {
  readonly endpoint: string
  readonly token: TokenSource
  readonly fetch: Fetch
  /** Milliseconds since 1970: only to see how far the server's clock is away. */
  readonly now: () => number
  /** A text that no other call has: by it a repeated POST is known again. */
  readonly newId: () => string
  /** Waits between two tries; in real time if none is given. */
  readonly pause?: Pause
  /** Ends every call of this client. */
  readonly signal?: AbortSignal
}

/** Below this the two clocks agree as well as a token's times ask for. */
const SKEW_THAT_MATTERS_MS = 5_000

/** Sends requests with a token, and says in our own errors what went wrong on the way. */
export function transport(base: string, options: ClientOptions) {
  let skewMs = 0

  /** Sends a request; a 401 by reason of the clocks is asked once more with the server's time. */
  async function answered(endpoint: Endpoint, sendable: Sendable, signal: AbortSignal) {
    if (endpoint.permission === 'public') return sent(sendable, endpoint, { signal, token: null })
    const token = await options.token(skewMs)
    const first = await sent(sendable, endpoint, { signal, token })
    const found = first.status === 401 ? skewOf(first, options.now()) : null
    if (found === null || Math.abs(found - skewMs) < SKEW_THAT_MATTERS_MS) return first
    skewMs = found
    const second = await options.token(skewMs)
    if (second === token) return first
    await first.body?.cancel()
    return sent(sendable, endpoint, { signal, token: second })
  }

  async function sent(
    { url, init, idempotencyKey }: Sendable,
    endpoint: Endpoint,
    { signal, token }: { readonly signal: AbortSignal; readonly token: string | null },
  ): Promise<Response> {
    const accept = endpoint.kind === 'stream' ? 'application/x-ndjson' : 'application/json'
    const headers: Record<string, string> = { accept }
    if (token !== null) headers['authorization'] = `Bearer ${token}`
    if (idempotencyKey !== undefined) headers['idempotency-key'] = `"${idempotencyKey}"`
    if (init.body !== undefined) headers['content-type'] = 'application/json'
    // A redirect would turn a POST into a GET and could carry the key elsewhere.
    try {
      return await options.fetch(url, { ...init, headers, signal, redirect: 'manual' })
    } catch (error) {
      throw untrusted(base, error) ?? unreachable(base, error)
    }
  }

  return { answered }
}

function unreachable(base: string, cause: unknown): UnreachableError {
  const message = `Cannot reach the platform at ${base}: is it running? Start it with "npm start"`
  return new UnreachableError(message, { cause })
}

function skewOf(response: Response, now: number): number | null {
  const date = Date.parse(response.headers.get('date') ?? '')
  return Number.isNaN(date) ? null : date - now
}
