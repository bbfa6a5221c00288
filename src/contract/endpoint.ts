import { z } from 'zod'
import type { FailureCode } from '../core/failure.ts'
import type { Permission } from '../core/permissions.ts'
import type { ResourceKind } from '../core/reach.ts'

/** One operation of the API, as data. Validation, OpenAPI, the client and the CLI all read it. */
export interface Endpoint {
  /** `containers.create` is also `client.containers.create()` and `cloudlet containers create`. */
  readonly id: `${string}.${string}`
  readonly method: 'delete' | 'get' | 'patch' | 'post' | 'put'
  /** OpenAPI form: `/v1/tenants/{tenant}/containers`. */
  readonly path: `/v1/${string}`
  readonly summary: string
  /** `public`: without a key. `signed-in`: any valid key. Otherwise what the key must be allowed. */
  readonly permission: Permission | 'public' | 'signed-in'
  /** True where no tenant's key may go, whatever its role. */
  readonly platform?: boolean
  /**
   * What a key that is limited to resources meets. Where the path names one of a kind, it must be one of
   * the key's. `filtered`: the service answers only what is within the key's reach, which it is given.
   * Neither: such a key is refused.
   */
  readonly filtered?: boolean
  /** The body's `name` becomes the name of a resource of this kind: it must be one of the key's, too. */
  readonly names?: ResourceKind
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodObject
  /**
   * `answer`: one JSON document. `change`: 202 with `{resource, operation}`, or 200 when the
   * operation succeeded within `?wait=` seconds. `stream`: text, NDJSON or server-sent events.
   */
  readonly kind: 'answer' | 'change' | 'stream'
  /** Takes `If-Match`: its service holds what is to be changed against it (`core/precondition.ts`). */
  readonly conditional?: boolean
  /** What is read before it is changed, as it is shown then, where the answer shows more than that. */
  readonly subject?: z.ZodType
  /** The answer shows a secret this once; only the key that asked can have it repeated. */
  readonly secret?: boolean
  readonly status: 200 | 201 | 202 | 204
  readonly response: z.ZodType
  /**
   * Of a list that can be followed too, by a stream (`Accept`) or a WebSocket under the same address:
   * what then comes, one after another.
   */
  readonly item?: z.ZodType
  readonly failures: readonly FailureCode[]
}

/** Keeps the literal types of `description`, so that handlers are checked against it. */
export const endpoint = <const E extends Endpoint>(description: E): E => description

type Part<E extends Endpoint, K extends 'body' | 'params' | 'query'> = E[K] extends z.ZodType
  ? z.output<E[K]>
  : undefined

export interface Input<E extends Endpoint> {
  readonly params: Part<E, 'params'>
  readonly query: Part<E, 'query'>
  readonly body: Part<E, 'body'>
}

export type Output<E extends Endpoint> = z.input<E['response']>

/** Query of every change: how long the caller wants to wait for it. */
export const WaitQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(60)
    .default(0)
    .describe('Seconds to wait for the change to succeed or fail'),
})

/** `true` or `false` in a query, and nothing that only sounds like it. */
export const Flag = z
  .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
  .meta({ enum: ['true', 'false'] })

/** Query of every list: pages are asked for with the cursor that the page before answered. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Items in one page'),
  cursor: z.string().max(600).optional().describe('`nextCursor` of the page before'),
})

export const page = <const T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })
