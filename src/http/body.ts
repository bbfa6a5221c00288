import { failure, wrongField } from '../core/failure.ts'
import { repeatedName } from '../core/json-names.ts'
import type { AppContext } from './shell.ts'

export const BODY_LIMIT_BYTES = 1024 * 1024
/** Deeper than any description of ours; JSON that is nested further is made to hurt. */
const DEPTH_LIMIT = 32
const JSON_TYPE = 'application/json'

/** Reads a body that must be JSON, and leaves it where the validator looks for it. */
export async function readJson(c: AppContext): Promise<void> {
  refuseEncoded(c)
  const bytes = await boundedBytes(c)
  const type = c.req.header('content-type')
  if (type === undefined && bytes.length === 0) {
    throw wrongField('#', 'a JSON document is expected, and the body is empty')
  }
  if (type?.split(';', 1)[0]?.trim().toLowerCase() !== JSON_TYPE) {
    throw failure('media-type-unknown', `Cannot read the body: it must be ${JSON_TYPE}`, {
      expected: JSON_TYPE,
    })
  }
  const text = decoded(bytes)
  inspect(parsed(text), 0)
  const twice = repeatedName(text)
  if (twice !== undefined) throw wrongField('#', `the name "${twice.slice(0, 200)}" is there twice`)
  // Hono keeps promises there, whatever its type says.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  c.req.bodyCache.text = Promise.resolve(text) as unknown as string
}

/** A request that takes no body may have an empty one, or an empty object. */
export async function refuseBody(c: AppContext): Promise<void> {
  if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.raw.body === null) return
  const text = decoded(await boundedBytes(c)).trim()
  if (text !== '' && text !== '{}') throw wrongField('#', 'this request takes no body')
}

async function boundedBytes(c: AppContext): Promise<Uint8Array> {
  const request = c.req.raw
  const limitBytes = BODY_LIMIT_BYTES
  const tooLarge = () =>
    failure('body-too-large', `Cannot read the body: it is over ${limitBytes} bytes`, {
      limitBytes,
    })
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()

  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of inTime(request.body, c.get('shell').bodyMs)) {
    size += chunk.byteLength
    if (size > limitBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return joined(chunks, size)
}

/** Who leaves early cancels the stream, so that the rest is not read into memory. */
async function* inTime(body: ReadableStream<Uint8Array>, ms: number): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void reader.cancel().catch(() => undefined)
  }, ms)
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each chunk comes after the one before
      const { done, value } = await reader.read()
      if (isLate) throw tooSlow(ms / 1000)
      if (done) return
      yield value
    }
  } finally {
    clearTimeout(timer)
    // What breaks here was broken by the client, who has his answer.
    void reader.cancel().catch(() => undefined)
  }
}

const tooSlow = (seconds: number) =>
  failure('request-too-slow', `Cannot read the body: it takes longer than ${seconds} s`, {
    seconds,
  })

/** A small body can unpack to one of any size. */
function refuseEncoded(c: AppContext): void {
  const encoding = c.req.header('content-encoding')
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw failure('media-type-unknown', 'Cannot read the body: it must not be compressed', {
    expected: JSON_TYPE,
  })
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrongField('#', 'the body is not UTF-8')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrongField('#', 'the body is not JSON')
  }
}

/** `__proto__` is a name like any other to JSON, but not to code that copies objects. */
function inspect(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > DEPTH_LIMIT) throw wrongField('#', `nested deeper than ${DEPTH_LIMIT} levels`)
  if (Object.hasOwn(value, '__proto__')) throw wrongField('#', 'the name "__proto__" is refused')
  for (const inner of Object.values(value)) inspect(inner, depth + 1)
}
