import type { z } from 'zod'
import type { Endpoint, Output } from '../contract/endpoint.ts'
import { AnswerError, apiError, DeadlineError, isRecord, problemError } from './api-error.ts'
import { linesOf, textOf } from './body.ts'
import { pause as realPause } from './pause.ts'
import { type Call, type CallOf, requestOf, type Sendable } from './request.ts'
import { retried } from './retry.ts'
import { type ClientOptions, transport } from './transport.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** For an answer: until it is whole. For a stream: until it begins. A `wait` in the query comes on top. */
  readonly timeoutMs?: number
}

export interface Client {
  /** Calls an endpoint, and answers what its contract says. */
  call<E extends Endpoint>(endpoint: E, input: CallOf<E>, options?: CallOptions): Promise<Output<E>>
  /** The same without types, for who has the endpoint as data. The server judges the input. */
  send(endpoint: Endpoint, call: Call, options?: CallOptions): Promise<unknown>
  /** Calls an endpoint that answers a stream; the next value is read when it is asked for. */
  stream<E extends Endpoint>(
    endpoint: E,
    input: CallOf<E>,
    options?: CallOptions,
  ): AsyncGenerator<Output<E>>
  /** The same without types. */
  receive(endpoint: Endpoint, call: Call, options?: CallOptions): AsyncGenerator
}

const TIMEOUT_MS = 30_000
export function client(options: ClientOptions): Client {
  const base = options.endpoint.replace(/\/+$/, '')
  const { answered } = transport(base, options)
  const pause = options.pause ?? realPause

  async function send(endpoint: Endpoint, call: Call, given: CallOptions = {}): Promise<unknown> {
    const idempotencyKey = endpoint.method === 'post' ? options.newId() : undefined
    const sendable = { ...requestOf(base, endpoint, call), idempotencyKey }
    const limit = deadline(sendable, call, { ...given, all: options.signal })
    try {
      const retrying = { isRepeatable: isRepeatable(sendable), signal: limit.signal, pause }
      return await retried(retrying, async () => {
        const response = await answered(endpoint, sendable, limit.signal)
        const text = await textOf(response)
        if (!response.ok) throw apiError(response, text, sendable.asked)
        const value = response.status === 204 ? null : parsed(text, sendable.asked)
        // Who asks for a part gets a part.
        const isPart = call.query?.['fields'] !== undefined
        return isPart ? value : checked(endpoint.response, value, sendable.asked)
      })
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error
    } finally {
      limit.end()
    }
  }

  async function* receive(endpoint: Endpoint, call: Call, given: CallOptions = {}): AsyncGenerator {
    const sendable = requestOf(base, endpoint, call)
    const limit = deadline(sendable, call, { ...given, all: options.signal })
    try {
      const response = await answered(endpoint, sendable, limit.signal)
      if (!response.ok) throw apiError(response, await textOf(response), sendable.asked)
      limit.begun()
      yield* values(endpoint, response, sendable.asked)
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error
    } finally {
      limit.end()
    }
  }

  return {
    send,
    receive,
    call: async <E extends Endpoint>(endpoint: E, input: CallOf<E>, given?: CallOptions) =>
      // oxlint-disable-next-line no-unsafe-type-assertion -- `checked` held it against this schema
      (await send(endpoint, input, given)) as Output<E>,
    stream: <E extends Endpoint>(endpoint: E, input: CallOf<E>, given?: CallOptions) =>
      // oxlint-disable-next-line no-unsafe-type-assertion -- `checked` holds each against this schema
      receive(endpoint, input, given) as AsyncGenerator<Output<E>>,
  }
}

/** A POST carries a key by which the platform knows it again; a second DELETE finds nothing. */
const isRepeatable = ({ init }: Sendable): boolean => init.method !== 'DELETE'

async function* values(endpoint: Endpoint, response: Response, asked: string): AsyncGenerator {
  for await (const line of linesOf(response)) {
    const value = parsed(line, asked)
    const problem = isRecord(value) ? (value['error'] ?? value['problem']) : undefined
    if (isRecord(problem) && !endpoint.response.safeParse(value).success) {
      const around = { status: 500, requestId: null, retryAfterSeconds: null, asked }
      throw problemError(problem, around)
    }
    yield checked(endpoint.response, value, asked)
  }
}

/** Answers the value as it came: what a newer server adds is kept, what the contract promises is there. */
function checked(schema: z.ZodType, value: unknown, asked: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return value
  const where = result.error.issues[0]?.path.map(String).join('.') ?? ''
  throw new AnswerError(
    `Cannot understand the answer to ${asked}${where === '' ? '' : ` at "${where}"`}: client and platform may be of different versions`,
  )
}

function parsed(text: string, asked: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `Cannot understand the answer to ${asked}: it is not JSON, so another program may answer there`
    throw new AnswerError(message, { cause: error })
  }
}

interface Limit {
  readonly signal: AbortSignal
  /** The deadline no longer counts: a stream may take as long as it likes. */
  begun(): void
  end(): void
}

function deadline(
  { asked }: Sendable,
  call: Call,
  given: CallOptions & { readonly all?: AbortSignal | undefined },
): Limit {
  const wait = Number(call.query?.['wait'] ?? 0)
  const ms = (given.timeoutMs ?? TIMEOUT_MS) + (Number.isFinite(wait) ? wait * 1000 : 0)
  const own = new AbortController()
  const late = new DeadlineError(`Cannot ${asked}: no answer within ${Math.round(ms / 1000)} s`)
  const timer = setTimeout(() => own.abort(late), ms)
  const signals = [own.signal, given.signal, given.all].filter((one) => one !== undefined)
  return {
    signal: AbortSignal.any(signals),
    begun: () => clearTimeout(timer),
    end: () => clearTimeout(timer),
  }
}
