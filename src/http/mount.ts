import { z } from 'zod'
import type { Endpoint, Output } from '../contract/endpoint.ts'
import type { Finished } from '../contract/finished.ts'
import type { Claim } from '../core/claim.ts'
import type { Change, DryRun } from '../services/change.ts'
import type { Answer, OnceAsked } from '../services/once.ts'
import { chosenFor, JSON_DOCUMENT } from './accept.ts'
import { answerOf, responseOf } from './answer.ts'
import { unlessKnown } from './conditions.ts'
import { checkedPart, fieldsAsked, inputOf } from './input.ts'
import { once } from './once.ts'
import { onlyFields } from './pages.ts'
import { failureOf } from './problem.ts'
import { bind, contextOf, inTime, type Serve, signalOf } from './serving.ts'
import type { App, AppContext } from './shell.ts'
import { renderingFor, streamed } from './stream.ts'

/** Binds an endpoint to the function that serves it: checked input in, checked output out. */
export function mount<const E extends Endpoint>(
  app: App,
  e: E,
  serve: Serve<E, Promise<Output<E> | Finished<Output<E>>>>,
): void {
  bind(app, e, answering(e, serve))
}

/** One document: what `serve` answers, or what it answered when the same was asked before. */
function answering<const E extends Endpoint>(
  e: E,
  serve: Serve<E, Promise<Output<E> | Finished<Output<E>>>>,
) {
  return async (c: AppContext): Promise<Response> => {
    const { release, ...linked } = signalOf(c)
    const work = async (claim?: Claim): Promise<Answer> =>
      answerOf(e, await serve(inputOf<E>(c), contextOf<E>(c, e, { ...linked, claim })), e.status)
    try {
      const render: OnceAsked['render'] = (status, output) => answerOf(e, output, status)
      const { wait: waitSeconds } = Waiting.parse(checkedPart(c, 'query'))
      const answer = await inTime(c, { ...linked, waitSeconds }, once(c, e, { work, render }))
      // The tag is of the whole, so that it also serves to change what was read in part.
      const body = onlyFields(answer.body, fieldsAsked(c))
      return responseOf(unlessKnown(c, { ...answer, body }))
    } finally {
      release()
    }
  }
}

/** Waits until the change has ended, or the seconds are over; never longer than the signal allows. */
export type Settle = <R>(
  change: Change<R>,
  waitSeconds: number,
  signal: AbortSignal,
) => Promise<Change<R>>

type Resource<E extends Endpoint> = Output<E> extends { resource: infer R } ? R : never
/** Nothing was done only where the contract says that this can be asked for. */
type Served<E extends Endpoint> =
  | Change<Resource<E>>
  | (null extends Operated<E> ? DryRun<Resource<E>> : never)
type Operated<E extends Endpoint> = Output<E> extends { operation: infer O } ? O : never
type ChangeEndpoint = Endpoint & { readonly kind: 'change'; readonly query: z.ZodObject }

/** As `mount`, for what takes its time: how long the caller waits for it is the caller's choice. */
export function mountChange<const E extends ChangeEndpoint>(
  app: App,
  e: E,
  how: { readonly serve: Serve<E, Promise<Served<E>>>; readonly settle: Settle },
): void {
  bind(app, e, async (c) => {
    const { release, ...linked } = signalOf(c)
    const { wait: waitSeconds } = Waiting.parse(checkedPart(c, 'query'))
    const work = async (claim?: Claim): Promise<Answer> => {
      const begun = await how.serve(inputOf<E>(c), contextOf<E>(c, e, { ...linked, claim }))
      if (begun.operation === null) return answerOf(e, begun, 200)
      c.set('accepted', true)
      const isWaited = waitSeconds > 0
      const change = isWaited ? await how.settle(begun, waitSeconds, linked.signal) : begun
      return changeAnswer(c, e, change)
    }
    try {
      const answer = once(c, e, { work, render: underWay(c, e) })
      return responseOf(await inTime(c, { ...linked, waitSeconds }, answer))
    } finally {
      release()
    }
  })
}

/** Of those who may wait; the others have nothing of that name. */
const Waiting = z.object({ wait: z.number().default(0) })

function changeAnswer(c: AppContext, e: Endpoint, change: Change<unknown>): Answer {
  const { operation, resource } = change
  const { state, error, id } = operation
  if (state === 'failed' || state === 'cancelled') throw failureOf(error, id)
  if (state === 'succeeded') return answerOf(e, { operation, resource }, 200)
  return underWay(c, e)(202, { operation, resource })
}

const Begun = z.object({ operation: z.object({ id: z.string(), state: z.string() }) })

/** As a change is answered at once: where its operation is, unless that is over already. */
const underWay =
  (c: AppContext, e: Endpoint): OnceAsked['render'] =>
  (status, output) => {
    const { operation } = Begun.parse(output)
    const isOver = operation.state === 'succeeded'
    const answer = answerOf(e, output, isOver ? 200 : status)
    if (isOver) return answer
    const tenant = c.req.param('tenant')
    // Those of the platform see it there also when the tenant is gone.
    const isOfTenant = tenant !== undefined && e.platform !== true
    const of = isOfTenant ? `/v1/tenants/${tenant}` : '/v1'
    const location = `${of}/operations/${operation.id}`
    return { ...answer, headers: { ...answer.headers, location } }
  }

type StreamEndpoint = Endpoint & { readonly kind: 'stream' }
type Items<E extends Endpoint> = AsyncIterable<Output<E>>

/** As `mount`, for answers without a foreseeable end: one item after another, as text by `text`. */
export function mountStream<const E extends StreamEndpoint>(
  app: App,
  e: E,
  how: Streaming<E>,
): void {
  bind(app, e, streaming(e, how))
}

export interface Streaming<E extends Endpoint> {
  readonly serve: Serve<E, Items<E> | Promise<Items<E>>>
  readonly text: (item: z.output<E['response']>) => string
}

/**
 * A list that can be followed: one document, unless the client asks for a stream. A reader that was cut
 * off asks to go on after the last that it has seen.
 */
export function mountFeed<const L extends Endpoint, const E extends StreamEndpoint>(
  app: App,
  e: { readonly list: L; readonly follow: E },
  how: Streaming<E> & { readonly page: Serve<L, Promise<Output<L>>> },
): void {
  const follow = streaming(e.follow, how)
  const page = answering(e.list, how.page)
  bind(app, e.list, async (c) => {
    return chosenFor(c, e.list) === JSON_DOCUMENT ? page(c) : follow(c)
  })
}

function streaming<const E extends StreamEndpoint>(e: E, how: Streaming<E>) {
  return async (c: AppContext): Promise<Response> => {
    const rendering = renderingFor(chosenFor(c, e), how.text)
    const headers = { 'content-type': rendering.contentType, 'cache-control': 'no-store' }
    // A HEAD has no body that would ever be read, so nothing is begun for it.
    if (c.req.method === 'HEAD') return new Response(null, { status: e.status, headers })

    const { signal, release, abort } = signalOf(c)
    const left = listed(c, e, abort)
    const over = (): void => {
      left()
      release()
      abort('over')
    }
    try {
      const served = await how.serve(inputOf<E>(c), contextOf<E>(c, e, { signal, abort }))
      const cut = (): void => c.env?.incoming?.socket?.destroy?.()
      const requestId = c.get('requestId')
      const source = { items: parsedItems(e, served), signal, over, cut, requestId }
      return new Response(await streamed(source, rendering), { status: e.status, headers })
    } catch (error) {
      over()
      throw error
    }
  }
}

/** Among the open sessions, until it is over. */
function listed(c: AppContext, { id }: Endpoint, end: (reason: Error) => void): () => void {
  const caller = c.get('caller')
  if (!caller) return () => undefined
  const tenant = c.req.param('tenant') ?? null
  const address = c.get('sourceAddress')
  return c.get('shell').streams.begin({ caller, action: id, tenant, address, end })
}

async function* parsedItems(e: Endpoint, items: AsyncIterable<unknown>): AsyncGenerator {
  for await (const item of items) yield e.response.parse(item)
}
