import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AnswerError,
  ApiError,
  DeadlineError,
  UnreachableError,
} from '../../src/client/api-error.ts'
import { client } from '../../src/client/client.ts'
import type { ClientOptions, Fetch, TokenSource } from '../../src/client/transport.ts'
import {
  containerLogs,
  deleteContainer,
  getContainer,
  listContainers,
  stopContainer,
} from '../../src/contract/containers.ts'
import { platformHealth } from '../../src/contract/platform.ts'
import { fakePlatform, problem } from '../cli/fake-platform.ts'
import { container, SAMPLES, TIME } from '../cli/samples.ts'
import { freePort } from '../support/registry.ts'

const NOW = Date.parse(TIME)
const asked = { params: { tenant: 'demo', container: 'hello' } }

let ids = 0

function clientOf(
  endpoint: string,
  given: Partial<Pick<ClientOptions, 'fetch' | 'pause' | 'signal' | 'token'>> = {},
) {
  return client({
    endpoint,
    token: given.token ?? (async () => 'a-token'),
    fetch: given.fetch ?? ((url, init) => fetch(url, init)),
    now: () => NOW,
    newId: () => `id-${++ids}`,
    ...(given.signal && { signal: given.signal }),
    ...(given.pause && { pause: given.pause }),
  })
}

const LINE = `${JSON.stringify(SAMPLES['containers.logs']?.lines?.[0])}\n`

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

/** A body in just these chunks, each made when it is asked for. */
function bodyOf(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = chunks[Symbol.iterator]()
  return new ReadableStream({
    pull(controller) {
      const next = iterator.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
  })
}

function* endless(): Generator<Uint8Array<ArrayBuffer>> {
  for (;;) yield new Uint8Array(65_536).fill(97)
}

/** A client whose requests are answered by a function. */
const answeredBy = (answer: Fetch, token?: TokenSource) =>
  clientOf('http://platform', { fetch: answer, ...(token && { token }) })

test('call() sends parameters, query and token, and answers the document', async () => {
  await using platform = await fakePlatform()
  const api = clientOf(`${platform.endpoint}/`)
  const { operation } = await api.call(deleteContainer, {
    ...asked,
    query: { wait: 5, force: 'true' },
  })
  assert.equal(operation.state, 'succeeded')
  assert.deepEqual(platform.asked, [
    {
      id: 'containers.delete',
      params: asked.params,
      query: { wait: 5, force: true },
      body: {},
      token: 'a-token',
    },
  ])
})

test('call() escapes what stands in the path', async () => {
  const urls: string[] = []
  const api = answeredBy(async (url) => {
    urls.push(url)
    return Response.json(container)
  })
  await api.call(getContainer, { params: { tenant: 'demo', container: '../a?b=c#d' } })
  assert.deepEqual(urls, ['http://platform/v1/tenants/demo/containers/..%2Fa%3Fb%3Dc%23d'])
})

test('call() shows no token to a public endpoint', async () => {
  await using platform = await fakePlatform()
  await clientOf(platform.endpoint).call(platformHealth, {})
  assert.equal(platform.asked[0]?.token, null)
})

test('call() keeps members of an answer that it does not know', async () => {
  const newer = { ...container, spin: 'left' }
  const api = answeredBy(async () => Response.json(newer))
  assert.deepEqual(await api.call(getContainer, asked), newer)
})

test('call() throws the problem with its code, facts and request id', async () => {
  const shortages = [{ resource: 'containers', limit: 1, used: 1, requested: 1 }]
  await using platform = await fakePlatform({
    'containers.get': () => problem(403, 'quota-exceeded', { shortages }),
  })
  await assert.rejects(clientOf(platform.endpoint).call(getContainer, asked), (error) => {
    assert.ok(error instanceof ApiError)
    const { status, code, message, details, requestId, retryAfterSeconds } = error
    assert.deepEqual(
      { status, code, message, details, requestId, retryAfterSeconds },
      {
        status: 403,
        code: 'quota-exceeded',
        message: 'Cannot do it: quota-exceeded',
        details: { shortages },
        requestId: 'req-12345678',
        retryAfterSeconds: null,
      },
    )
    return true
  })
})

test('call() makes sense of an error that is no problem document', async () => {
  const headers = { 'retry-after': '7' }
  const api = answeredBy(async () => new Response('<h1>Bad gateway</h1>', { status: 502, headers }))
  await assert.rejects(api.call(getContainer, asked), (error) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.code, error.retryAfterSeconds], [502, 'unknown', 7])
    assert.equal(error.message, 'Cannot GET /v1/tenants/demo/containers/hello: the answer was 502')
    return true
  })
})

for (const [what, text] of [
  ['text', 'hello'],
  ['another document', '{"hello":1}'],
] as const) {
  test(`call() refuses ${what} where the contract says something else`, async () => {
    const api = answeredBy(async () => new Response(text))
    await assert.rejects(api.call(listContainers, { params: { tenant: 'demo' } }), AnswerError)
  })
}

test('call() moves the times of a minted token to the server’s clock, once', async () => {
  const skews: number[] = []
  const ahead = new Date(NOW + 3_600_000).toUTCString()
  let requests = 0
  const api = answeredBy(
    async (_url, init) => {
      requests++
      const isRight = new Headers(init.headers).get('authorization') === 'Bearer 3600000'
      return isRight
        ? Response.json(container)
        : Response.json({}, { status: 401, headers: { date: ahead } })
    },
    async (skewMs) => {
      skews.push(skewMs)
      return String(skewMs)
    },
  )
  await api.call(getContainer, asked)
  await api.call(getContainer, asked)
  assert.deepEqual([skews, requests], [[0, 3_600_000, 3_600_000], 3])
})

test('call() does not ask again with the same token, nor when the clocks agree', async () => {
  for (const date of [NOW + 3_600_000, NOW]) {
    let requests = 0
    const api = answeredBy(async () => {
      requests++
      return Response.json({}, { status: 401, headers: { date: new Date(date).toUTCString() } })
    })
    // oxlint-disable-next-line no-await-in-loop -- two cases, one after the other
    await assert.rejects(api.call(getContainer, asked), ApiError)
    assert.equal(requests, 1)
  }
})

test('call() says where nothing answers and what to do', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`
  await assert.rejects(clientOf(nobody).call(getContainer, asked), {
    name: 'UnreachableError',
    message: `Cannot reach the platform at ${nobody}: is it running? Start it with "npm start"`,
  })
})

test('call() gives up at its deadline', async () => {
  const api = answeredBy(
    (_url, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  )
  await assert.rejects(api.call(getContainer, asked, { timeoutMs: 10 }), DeadlineError)
})

test('call() ends with the reason of its signal, and of that of the client', async () => {
  const reason = new Error('Stopped')
  const signal = AbortSignal.abort(reason)
  await using platform = await fakePlatform()
  await assert.rejects(clientOf(platform.endpoint).call(getContainer, asked, { signal }), reason)
  await assert.rejects(clientOf(platform.endpoint, { signal }).call(getContainer, asked), reason)
})

test('a failure to make a token is not taken for a platform that is away', async () => {
  const lost = new Error('The key is lost')
  const api = answeredBy(
    async () => Response.json(container),
    () => Promise.reject(lost),
  )
  await assert.rejects(api.call(getContainer, asked), lost)
})

test('stream() yields each value, whatever chunks it comes in', async () => {
  const lines = ['eins', 'zwei ☃', 'drei'].map((line) => ({ time: TIME, stream: 'stdout', line }))
  const bytes = new TextEncoder().encode(
    `\n${lines.map((one) => JSON.stringify(one)).join('\n\n')}`,
  )
  const body = bodyOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))
  const api = answeredBy(async () => new Response(body))
  assert.deepEqual(await collected(api.stream(containerLogs, asked)), lines)
})

test('stream() reads no further than it is asked to, and lets go when its reader stops', async () => {
  let sent = 0
  let isCancelled = false
  const bytes = new TextEncoder().encode(LINE)
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        sent++
        controller.enqueue(bytes)
      },
      cancel() {
        isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const api = answeredBy(async () => new Response(body))
  let taken = 0
  for await (const line of api.stream(containerLogs, asked)) {
    assert.equal(line.stream, 'stdout')
    if (++taken === 3) break
  }
  assert.equal(sent, 3)
  assert.equal(isCancelled, true)
})

test('stream() has a deadline for its beginning only', async () => {
  const bytes = new TextEncoder().encode(LINE)
  const late = Promise.withResolvers<void>()
  const timer = AbortSignal.timeout(30)
  timer.addEventListener('abort', () => late.resolve())
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await late.promise
      controller.enqueue(bytes)
      controller.close()
    },
  })
  const api = answeredBy(async () => new Response(body))
  const all = await collected(api.stream(containerLogs, asked, { timeoutMs: 10 }))
  assert.equal(all.length, 1)
})

test('stream() refuses a line without end', async () => {
  const body = bodyOf(endless())
  const api = answeredBy(async () => new Response(body))
  await assert.rejects(collected(api.stream(containerLogs, asked)), AnswerError)
})

test('stream() throws the problem that it begins or ends with', async () => {
  const lines = [{ error: { type: '/problems/engine-unavailable', status: 503, detail: 'Away' } }]
  await using platform = await fakePlatform({ 'containers.logs': () => ({ lines }) })
  const api = clientOf(platform.endpoint)
  const codes = async () => {
    const failed: unknown = await collected(api.stream(containerLogs, asked)).catch(
      (error: unknown) => error,
    )
    return failed instanceof ApiError ? [failed.code, failed.status] : failed
  }
  assert.deepEqual(await codes(), ['engine-unavailable', 503])
  platform.on('containers.logs', () => problem(404, 'not-found'))
  assert.deepEqual(await codes(), ['not-found', 404])
})

const CODES = {
  409: 'request-running',
  429: 'rate-limited',
  502: 'api-lost',
  503: 'api-away',
} as const

/** Answers one after another: a problem with that status and `Retry-After`, a broken connection, or a container. */
function inTurn(answers: readonly ('lost' | 'refused' | 'ok' | 409 | 429 | 502 | 503)[]) {
  const keys: (string | null)[] = []
  const pauses: number[] = []
  const answer: Fetch = async (_url, init) => {
    const next = answers[keys.length]
    keys.push(new Headers(init.headers).get('idempotency-key'))
    if (next === 'lost') throw new TypeError('terminated')
    if (next === 'refused') {
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      })
    }
    if (next === 'ok') return Response.json(SAMPLES['containers.stop']?.value ?? container)
    const type = `/problems/${CODES[next ?? 429]}`
    const headers: Record<string, string> = next === 502 ? {} : { 'retry-after': '7' }
    return Response.json({ type, status: next }, { status: next ?? 500, headers })
  }
  const pause = async (ms: number) => void pauses.push(ms)
  return { api: clientOf('http://platform', { fetch: answer, pause }), keys, pauses }
}

test('a POST carries a key that no other has, and its repeats carry the same', async () => {
  const { api, keys } = inTurn(['lost', 'refused', 409, 'ok', 'ok'])
  await api.call(stopContainer, asked)
  await api.call(stopContainer, asked)
  const [first = '', , , , second] = keys
  assert.match(first ?? '', /^"id-\d+"$/)
  assert.deepEqual(keys.slice(0, 4), [first, first, first, first])
  assert.notEqual(second, first)
})

test('a GET carries no such key, and is repeated when its connection breaks', async () => {
  const { api, keys } = inTurn(['lost', 'ok'])
  await assert.rejects(api.call(getContainer, asked), AnswerError)
  assert.deepEqual(keys, [null, null])
})

test('a DELETE whose connection broke is not sent again, nor anything where nobody listens', async () => {
  const gone = inTurn(['lost', 'ok'])
  await assert.rejects(gone.api.call(deleteContainer, asked), UnreachableError)
  assert.equal(gone.keys.length, 1)
  const down = inTurn(['refused', 'ok'])
  await assert.rejects(down.api.call(stopContainer, asked), UnreachableError)
  assert.equal(down.keys.length, 1)
})

test('an API that the ingress does not reach is waited for, one that it has lost is as a lost connection', async () => {
  const away = inTurn([503, 503, 502, 'ok'])
  await away.api.call(stopContainer, asked)
  assert.equal(new Set(away.keys).size, 1)
  assert.deepEqual(away.pauses, [7000, 7000, 125])
  const lost = inTurn([503, 502, 'ok'])
  await assert.rejects(lost.api.call(deleteContainer, asked), { code: 'api-lost', status: 502 })
  assert.equal(lost.keys.length, 2)
})

test('a connection that breaks again and again is given up', async () => {
  const { api, keys, pauses } = inTurn(Array.from({ length: 20 }, () => 'lost' as const))
  await assert.rejects(api.call(stopContainer, asked), UnreachableError)
  assert.equal(keys.length, 6)
  assert.deepEqual(pauses, [125, 250, 500, 1000, 2000])
})

test('who asks too often waits as long as the platform says, and asks again', async () => {
  const { api, keys, pauses } = inTurn([429, 429, 'ok'])
  await api.call(stopContainer, asked)
  assert.equal(keys.length, 3)
  assert.deepEqual(pauses, [7000, 7000])
})
