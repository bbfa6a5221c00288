import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Docker from 'dockerode'
import { dockerCalls, type Question } from '../../src/adapters/docker-calls.ts'
import { API_NEWEST } from '../../src/core/engine-api.ts'
import { EngineAway, EngineRefusal } from '../../src/ports/engine.ts'

interface Stub {
  /** The head and body of each request that came. */
  readonly requests: string[]
  readonly ask: (question?: Partial<Question>) => Promise<unknown>
  /** What the stream says, each piece also told as it comes. */
  readonly chunks: (
    question?: Partial<Question>,
    heard?: (piece: string) => void,
  ) => Promise<string[]>
}

const OPEN = new AbortController().signal
const QUESTION = {
  action: 'ask',
  method: 'GET',
  path: '/x',
  timeoutMs: 5000,
  signal: OPEN,
} as const

/** An engine that answers each connection with `script`, written on its socket. */
async function withStub(
  script: (socket: Socket) => void,
  work: (stub: Stub) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-stub-'))
  const socketPath = join(folder, 'engine.sock')
  const requests: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      requests.push(data.toString('latin1'))
      script(socket)
    })
  })
  server.listen(socketPath)
  await once(server, 'listening')
  const calls = dockerCalls(new Docker({ socketPath, version: 'v1.41' }))
  try {
    await work({
      requests,
      ask: async (question) => (await calls.ask({ ...QUESTION, ...question })).value,
      async chunks(question, heard) {
        const found: string[] = []
        for await (const chunk of calls.stream({ ...QUESTION, ...question })) {
          const piece = Buffer.from(chunk).toString('latin1')
          found.push(piece)
          heard?.(piece)
        }
        return found
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
    rmSync(folder, { recursive: true })
  }
}

const response = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const saying = (text: string) => (socket: Socket) => void socket.end(text)

test('ask() asks for the pinned version, and answers what the engine says', async () => {
  await withStub(saying(response('200 OK', '{"a":1}')), async ({ ask, requests }) => {
    const body = { b: 2 }
    const query = { filters: '{"label":["a=b"]}' }
    assert.deepEqual(await ask({ method: 'POST', query, body }), { a: 1 })
    const [head = '', sent] = requests[0]?.split('\r\n\r\n') ?? []
    assert.match(head, /^POST \/v1\.41\/x\?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D HTTP/)
    assert.equal(sent, '{"b":2}')
  })
})

test('ask() throws a refusal in the words of the engine, without the paths of the host', async () => {
  const words = JSON.stringify({ message: 'mount /var/lib/docker/overlay2/x: busy' })
  await withStub(saying(response('500 Internal', words)), async ({ ask }) => {
    await assert.rejects(
      ask(),
      (error) =>
        error instanceof EngineRefusal &&
        error.status === 500 &&
        error.answer === 'mount (path): busy' &&
        error.message === 'Cannot ask: mount (path): busy',
    )
  })
})

test('ask() takes a status that was named as fine for an answer', async () => {
  await withStub(saying(response('404 Gone', '{"message":"x"}')), async ({ ask }) => {
    assert.deepEqual(await ask({ fine: [404] }), { message: 'x' })
  })
})

const BREAKS = {
  'closes without a word': (socket: Socket) => void socket.destroy(),
  'breaks off in the head': (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-'),
  'breaks off in the body': saying('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":'),
  'speaks another protocol': saying('SSH-2.0-OpenSSH\r\n'),
}

for (const [name, script] of Object.entries(BREAKS)) {
  test(`ask() says that an engine is away which ${name}`, async () => {
    await withStub(script, async ({ ask }) => {
      await assert.rejects(ask(), EngineAway)
    })
  })
}

test('ask() says that an engine is away which does not answer in time', async () => {
  const heads = [() => undefined, (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n{')]
  for (const script of heads) {
    await withStub(script, async ({ ask }) => {
      await assert.rejects(ask({ timeoutMs: 50 }), EngineAway)
    })
  }
})

test('ask() says that an engine is away where there is none', async () => {
  const calls = dockerCalls(new Docker({ socketPath: '/nowhere/engine.sock', version: 'v1.41' }))
  await assert.rejects(calls.ask(QUESTION), EngineAway)
})

test('ask() ends with its signal, before and after it was asked', async () => {
  const stop = new AbortController()
  await withStub(
    () => stop.abort(),
    async ({ ask }) => {
      await assert.rejects(ask({ signal: stop.signal }), EngineAway)
      await assert.rejects(ask({ signal: stop.signal }), EngineAway)
    },
  )
})

function slowStream(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n')
  setTimeout(() => socket.write('1\r\nc\r\n'), 1000)
}

test('stream() has no deadline once it was answered, and ends with its signal', async () => {
  const stop = new AbortController()
  await withStub(slowStream, async ({ chunks }) => {
    const found = await chunks({ timeoutMs: 500, signal: stop.signal }, (piece) => {
      if (piece === 'c') stop.abort()
    })
    assert.equal(found.join(''), 'abc')
  })
})

test('stream() says that an engine is away which breaks off', async () => {
  const script = saying('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n')
  await withStub(script, async ({ chunks }) => {
    await assert.rejects(chunks(), EngineAway)
  })
})

test('stream() throws a refusal like ask()', async () => {
  await withStub(saying(response('404 Gone', '{"message":"no such"}')), async ({ chunks }) => {
    await assert.rejects(chunks(), EngineRefusal)
  })
})

/** An engine of these versions that notes what it is asked, and gives no answer while it is away. */
async function withVersions(
  range: { ApiVersion?: string; MinAPIVersion?: string },
  work: (
    calls: ReturnType<typeof dockerCalls>,
    asked: string[],
    leaves: (isAway: boolean) => void,
  ) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-stub-'))
  const socketPath = join(folder, 'engine.sock')
  const asked: string[] = []
  let isAway = false
  const server = createHttpServer((request, answer) => {
    asked.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`)
    if (isAway) answer.destroy()
    else answer.end(JSON.stringify(request.url?.startsWith('/version') ? range : { path: 1 }))
  })
  server.listen(socketPath)
  await once(server, 'listening')
  try {
    await work(dockerCalls(new Docker({ socketPath })), asked, (now) => (isAway = now))
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

test('ask() without a pinned version asks for the versions once, then speaks the newest of both', async () => {
  await withVersions({ ApiVersion: '1.47', MinAPIVersion: '1.24' }, async (calls, asked) => {
    await calls.ask(QUESTION)
    await calls.ask(QUESTION)
    for await (const _ of calls.stream(QUESTION)) assert.ok(_)
    assert.equal(await calls.apiVersion(OPEN), '1.47')
    assert.deepEqual(asked, ['GET /version', 'GET /v1.47/x', 'GET /v1.47/x', 'GET /v1.47/x'])
  })
  await withVersions({ ApiVersion: '1.99', MinAPIVersion: '1.44' }, async (calls, asked) => {
    await calls.ask(QUESTION)
    assert.deepEqual(asked, ['GET /version', `GET /v${API_NEWEST}/x`])
  })
})

test('ask() asks for the versions again after the engine has been away', async () => {
  const range = { ApiVersion: '1.47', MinAPIVersion: '1.24' }
  await withVersions(range, async (calls, asked, leaves) => {
    await calls.ask(QUESTION)
    leaves(true)
    await assert.rejects(calls.ask(QUESTION), EngineAway)
    leaves(false)
    const before = asked.length
    range.ApiVersion = '1.50'
    await calls.ask(QUESTION)
    assert.deepEqual(asked.slice(before), ['GET /version', 'GET /v1.50/x'])
  })
})

test('ask() says of an engine that is too old, or says nothing, what to do, and asks it nothing', async () => {
  await withVersions({ ApiVersion: '1.40' }, async (calls, asked) => {
    await assert.rejects(
      calls.ask(QUESTION),
      (error) =>
        error instanceof EngineAway &&
        error.message ===
          'Cannot ask: it speaks API 1.40 at most, and Cloudlet needs 1.41. Update the engine to Docker 20.10 or later',
    )
    await assert.rejects(calls.apiVersion(OPEN), EngineAway)
    assert.deepEqual(asked, ['GET /version', 'GET /version'])
    // What it is, it can be asked all the same.
    assert.deepEqual((await calls.ask({ ...QUESTION, path: '/info', plain: true })).value, {
      path: 1,
    })
  })
  await withVersions({}, async (calls) => {
    await assert.rejects(calls.ask(QUESTION), /does not say which API/)
  })
})
