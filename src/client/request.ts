import type { z } from 'zod'
import type { Endpoint } from '../contract/endpoint.ts'

/** What to send, by part. The client turns it into an address and a body. */
export interface Call {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: Readonly<Record<string, unknown>>
}

type PartName = 'body' | 'params' | 'query'
type PartOf<E extends Endpoint, K extends PartName> = E[K] extends z.ZodType
  ? z.input<E[K]>
  : undefined
type MayBeAbsent<E extends Endpoint, K extends PartName> =
  Partial<PartOf<E, K>> extends PartOf<E, K> ? true : false

/** The input of an endpoint as its caller writes it: what has a default, or is not there, may be left out. */
export type CallOf<E extends Endpoint> = {
  readonly [
    K in PartName as E[K] extends z.ZodType ? (MayBeAbsent<E, K> extends true ? never : K) : never
  ]: PartOf<E, K>
} & {
  readonly [
    K in PartName as E[K] extends z.ZodType ? (MayBeAbsent<E, K> extends true ? K : never) : never
  ]?: PartOf<E, K>
}

export interface Sendable {
  readonly url: string
  readonly init: { readonly method: string; readonly body?: string }
  /** Sent with a POST, the same at each try: the platform carries it out once. */
  readonly idempotencyKey?: string | undefined
  /** In words, for errors: `POST /v1/tenants`. */
  readonly asked: string
}

/** The request for a call of an endpoint. */
export function requestOf(base: string, endpoint: Endpoint, call: Call): Sendable {
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(plain(call.params?.[name])),
  )
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.append(key, plain(value))
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`
  const method = endpoint.method.toUpperCase()
  return {
    url: `${base}${path}${search}`,
    init: {
      method,
      ...(endpoint.body === undefined ? {} : { body: JSON.stringify(call.body ?? {}) }),
    },
    asked: `${method} ${path}`,
  }
}

/** Text as it stands in an address. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
