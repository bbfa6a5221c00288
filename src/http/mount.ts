import { zValidator } from '@hono/zod-validator'
import type { MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { Endpoint, Input, Output } from '../contract/endpoint.ts'
import { isFinished, textOfFinished, type Finished } from '../contract/finished.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import { failure, notFound, type Failure } from '../core/failure.ts'
import type { Change } from '../services/change.ts'
import { readJson, refuseBody } from './body.ts'
import { failureOf } from './problem.ts'
import { actorOf, type App, type AppContext, type AppEnv } from './shell.ts'
import { linked, type Linked } from './signals.ts'
import { renderingFor, streamed, wantsStream } from './stream.ts'

export interface Served<E extends Endpoint> {
  readonly caller: E['permission'] extends 'public' ? undefined : Caller
  readonly actor: Actor
  /** Aborted when the client is gone, the server stops, or the key has ended. */
  readonly signal: AbortSignal
  /** Ends what is being served, with the reason as the last that the client hears. */
  readonly end: (reason: Failure) => void
  /** The last event that a reader has seen which was cut off; it says so by itself (`Last-Event-ID`). */
  readonly lastSeen: number | undefined
}

export type Serve<E extends Endpoint, T> = (input: Input<E>, context: Served<E>) => T

/** Binds an endpoint to the function that serves it: checked input in, checked output out. */
export function mount<const E extends Endpoint>(
  app: App,
  e: E,
  serve: Serve<E, Promise<Output<E> | Finished<Output<E>>>>,
): void {
  bind(app, e, async (c) => {
    const { signal, release, abort } = signalOf(c)
    try {
      const output = await serve(inputOf<E>(c), contextOf<E>(c, { signal, abort }))
      return answered(e, output, e.status)
    } finally {
      release()
    }
  })
}

/** Waits until the change has ended, or the seconds are over; never longer than the signal allows. */
export type Settle = <R>(
  change: Change<R>,
  waitSeconds: number,
  signal: AbortSignal,
) => Promise<Change<R>>

type Resource<E extends Endpoint> = Output<E> extends { resource: infer R } ? R : never
type ChangeEndpoint = Endpoint & { readonly kind: 'change'; readonly query: z.ZodObject }

/** As `mount`, for what takes its time: how long the caller waits for it is the caller's choice. */
export function mountChange<const E extends ChangeEndpoint>(
  app: App,
  e: E,
  how: { readonly serve: Serve<E, Promise<Change<Resource<E>>>>; readonly settle: Settle },
): void {
  bind(app, e, async (c) => {
    const { signal, release, abort } = signalOf(c)
    try {
      const begun = await how.serve(inputOf<E>(c), contextOf<E>(c, { signal, abort }))
      c.set('accepted', true)
      const seconds = waitOf(checkedPart(c, 'query'))
      const change = seconds > 0 ? await how.settle(begun, seconds, signal) : begun
      return answeredChange(c, e, change)
    } finally {
      release()
    }
  })
}

const Waiting = z.object({ wait: z.number().default(0) })
const waitOf = (query: unknown): number => Waiting.parse(query).wait

function answeredChange(c: AppContext, e: Endpoint, change: Change<unknown>): Response {
  const { operation, resource } = change
  const { state, error, id } = operation
  if (state === 'failed' || state === 'cancelled') throw failureOf(error, id)
  if (state === 'succeeded') return answered(e, { operation, resource }, 200)
  const answer = answered(e, { operation, resource }, 202)
  const tenant = c.req.param('tenant') ?? ''
  answer.headers.set('location', `/v1/tenants/${tenant}/operations/${id}`)
  return answer
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
  bind(app, e.list, async (c) => {
    if (wantsStream(c.req.header('accept') ?? '')) return follow(c)
    const { signal, release, abort } = signalOf(c)
    try {
      const output = await how.page(inputOf<L>(c), contextOf<L>(c, { signal, abort }))
      return answered(e.list, output, e.list.status)
    } finally {
      release()
    }
  })
}

function streaming<const E extends StreamEndpoint>(e: E, how: Streaming<E>) {
  return async (c: AppContext): Promise<Response> => {
    const rendering = renderingFor(c.req.header('accept') ?? '', how.text)
    const headers = { 'content-type': rendering.contentType, 'cache-control': 'no-store' }
    // A HEAD has no body that would ever be read, so nothing is begun for it.
    if (c.req.method === 'HEAD') return new Response(null, { status: e.status, headers })

    const { signal, release, abort } = signalOf(c)
    const over = (): void => {
      release()
      abort('over')
    }
    try {
      const served = await how.serve(inputOf<E>(c), contextOf<E>(c, { signal, abort }))
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

async function* parsedItems(e: Endpoint, items: AsyncIterable<unknown>): AsyncGenerator {
  for await (const item of items) yield e.response.parse(item)
}

const NO_INPUT = z.strictObject({})

function bind(app: App, e: Endpoint, handle: (c: AppContext) => Promise<Response>): void {
  const checks: MiddlewareHandler<AppEnv>[] = [
    permit(e),
    zValidator('param', e.params ?? NO_INPUT, refuse),
    zValidator('query', e.query ?? NO_INPUT, refuse),
  ]
  if (e.body) checks.push(after(readJson), zValidator('json', e.body, refuse))
  else checks.push(after(refuseBody))
  app.on(e.method.toUpperCase(), [honoPath(e.path)], ...checks, handle)
}

const after =
  (step: (c: AppContext) => Promise<void>): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    await step(c)
    await next()
  }

const honoPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** Runs before the input is read, so that a stranger learns nothing from validation errors. */
function permit(e: Endpoint): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set('endpoint', e)
    if (e.permission !== 'public') {
      const caller = await c.get('shell').authenticate(c.req.header('authorization'))
      c.set('caller', caller)
      refuseForeign(caller, c.req.param('tenant'))
      refuseForbidden(caller, e)
    }
    await next()
  }
}

/** A tenant that is not the key's own answers as one that does not exist. */
function refuseForeign({ tenant }: Caller, asked: string | undefined): void {
  if (asked === undefined || tenant === null || tenant.slug === asked) return
  throw notFound('tenant', asked)
}

function refuseForbidden(caller: Caller, { permission, platform }: Endpoint): void {
  if (permission === 'public' || permission === 'signed-in') return
  const allowed = caller.can(permission) && !(platform === true && caller.tenant !== null)
  if (allowed) return
  const where = platform === true ? ' of the platform' : ''
  throw failure('not-allowed', `Cannot go on without permission "${permission}"${where}`, {
    permission,
  })
}

/** What the checks above have found good. `never`: their types are lost in the array of handlers. */
const checkedPart = (c: AppContext, part: 'json' | 'param' | 'query'): unknown =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  c.req.valid(part as never)

function inputOf<E extends Endpoint>(c: AppContext): Input<E> {
  const [params, query, body] = [
    checkedPart(c, 'param'),
    checkedPart(c, 'query'),
    checkedPart(c, 'json'),
  ]
  // The schemas that checked the parts are those that `Input` is derived from.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { params, query, body } as Input<E>
}

function contextOf<E extends Endpoint>(
  c: AppContext,
  { signal, abort }: Pick<Linked, 'abort' | 'signal'>,
): Served<E> {
  // `permit` has set the caller of every endpoint that is not public.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return {
    caller: c.get('caller'),
    actor: actorOf(c),
    signal,
    end: abort,
    lastSeen: lastSeenOf(c),
  } as Served<E>
}

function lastSeenOf(c: AppContext): number | undefined {
  const id = c.req.header('last-event-id') ?? ''
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined
}

function signalOf(c: AppContext) {
  const ended = c.get('caller')?.ended
  const sources = [c.req.raw.signal, c.get('shell').stopping]
  return linked(ended ? [...sources, ended] : sources)
}

/** Answers are parsed too: a column that the contract does not name cannot leave the house. */
function answered(e: Endpoint, output: unknown, status: number): Response {
  if (status === 204) return new Response(null, { status })
  const text = isFinished(output)
    ? textOfFinished(output)
    : JSON.stringify(e.response.parse(output))
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

type Checked = { success: true } | { success: false; error: z.core.$ZodError }

/** A pointer into the body stands alone; what is in the address says so. */
const PLACES: Readonly<Record<string, string>> = { query: 'query', param: 'param' }

/** More than a person reads at once, and an end to what a body of a megabyte can make us write. */
const MOST_ERRORS = 50

function refuse(result: Checked & { target: string }): void {
  if (result.success) return
  const errors = result.error.issues
    .slice(0, MOST_ERRORS)
    .flatMap(wrongPlaces)
    .slice(0, MOST_ERRORS)
    .map(({ path, detail }) => ({
      pointer: `${PLACES[result.target] ?? ''}#${path.map(pointerPart).join('')}`,
      detail,
    }))
  throw failure('invalid-input', 'Cannot read the request: it breaks the contract', { errors })
}

function wrongPlaces(issue: z.core.$ZodIssue) {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, detail: issue.message }]
  return issue.keys.slice(0, MOST_ERRORS).map((key) => ({
    path: [...issue.path, key.slice(0, 200)],
    detail: 'there is no such field',
  }))
}

/** RFC 6901 §3. */
const pointerPart = (part: PropertyKey): string =>
  `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`
