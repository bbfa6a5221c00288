import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, createServer } from 'node:http2'
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { array, assert as holds, asyncProperty, constantFrom, record } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { HOST, RawClient, ask, freePort, get, lines, member, rawBackend, until } from './kit.ts'
import { http2Client, secureWorldOf } from './tls-kit.ts'

/** What a member does with a request, by its path. */
const ENDS = {
  answers: (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  closes: (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok'),
  cuts: (socket: Socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok', () => socket.destroy()),
  resets: (socket: Socket) => socket.resetAndDestroy(),
  ends: (socket: Socket) => socket.end(),
  streams: (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'),
  stays: (socket: Socket) => socket.resume(),
  babbles: (socket: Socket) => socket.write('220 no HTTP at all\r\n\r\n'),
  announces: (socket: Socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'),
  switches: (socket: Socket) =>
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello',
    ),
} as const
const isEnd = (name: string): name is keyof typeof ENDS => name in ENDS

/** Its connections serve one request, answered in order, and are gone with the second one: those are tried again. */
async function moody(t: TestContext, id: string) {
  const { port } = await rawBackend(t, (socket) => {
    let served = 0
    socket.on('data', (bytes) => {
      const [, name = ''] = /^[A-Z]+ \/(\w+)/.exec(bytes.toString('latin1')) ?? []
      served += 1
      if (served > 1) socket.destroy()
      else if (isEnd(name)) ENDS[name](socket)
    })
  })
  return member(port, { id })
}

/** The same, as far as a member that speaks HTTP/2 can. */
async function moodyInHttp2(t: TestContext, id: string) {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session.on('error', () => undefined)))
  server.on('stream', (stream, fields) => {
    stream.on('error', () => undefined)
    const name = String(fields[':path']).slice(1)
    if (name === 'resets') stream.close(constants.NGHTTP2_REFUSED_STREAM)
    else if (name === 'ends') stream.close(constants.NGHTTP2_NO_ERROR)
    else if (name === 'babbles') stream.session?.destroy()
    else if (name === 'announces') stream.additionalHeaders({ ':status': 103 })
    else if (name !== 'stays') {
      stream.respond({ ':status': 200 })
      if (name === 'streams') stream.write('ok')
      else if (name === 'cuts') stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      else stream.end('ok')
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const bound = server.address()
  assert.ok(typeof bound === 'object' && bound !== null)
  return member(bound.port, { id, protocol: 'h2c' })
}

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Everything that can happen to one request. */
const REQUEST = record({
  end: constantFrom(...Object.keys(ENDS)),
  via: constantFrom('http/1.1', 'half a request', 'h2', 'h2 connect'),
  /** What the client does, and when: at once, or once the member has it. */
  client: constantFrom('waits', 'waits', 'resets', 'closes half', 'leaves'),
  isHasty: constantFrom(true, false),
})
type Request = typeof REQUEST extends Arbitrary<infer One> ? One : never

function askHttp1(t: TestContext, port: number, { end, via, client, isHasty }: Request): void {
  const asks = new RawClient(t, port)
  const isTunnel = end === 'switches'
  const isHalf = via === 'half a request'
  const method = isHalf ? 'POST' : 'GET'
  const fields = isTunnel ? HANDSHAKE : isHalf ? ['Content-Length: 9'] : []
  asks.say(
    lines(`${method} /${end} HTTP/1.1`, `Host: ${HOST}`, ...fields, '') + (isHalf ? 'x' : ''),
  )
  const go = (): void => {
    if (client === 'resets') asks.socket.resetAndDestroy()
    else if (client === 'closes half') asks.socket.end()
    else if (client === 'leaves') asks.socket.destroy()
  }
  asks.socket.once(isHasty ? 'connect' : 'data', go)
}

function askHttp2(session: ClientHttp2Session, { end, via, client, isHasty }: Request): void {
  const isTunnel = via === 'h2 connect'
  const path = `/${isTunnel ? 'switches' : end}`
  const stream = session.request(
    isTunnel
      ? { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, ':authority': HOST }
      : { ':path': path, ':authority': HOST },
    { endStream: !isTunnel },
  )
  stream.on('error', () => undefined)
  stream.resume()
  const go = (): void => {
    if (client === 'resets') stream.close(constants.NGHTTP2_CANCEL)
    else if (client === 'closes half') stream.end()
    else if (client === 'leaves') stream.close(constants.NGHTTP2_NO_ERROR)
  }
  if (isHasty) go()
  else stream.once('response', go)
}

/** Whatever nobody ends is over soon. */
const LIMITS = {
  settleMs: 0,
  failuresToEject: 5,
  ejectFirstMs: 50,
  ejectLastMs: 50,
  responseHeadMs: 100,
  responseGapMs: 100,
  bodyGapMs: 100,
  tunnelIdleMs: 100,
  halfOpenMs: 100,
  writeStallMs: 100,
  idleMs: 100,
  headMs: 100,
  lingerMs: 100,
}

test('however requests end, nothing is under way in the end', async (t) => {
  const balance = { kind: 'two-choices', maxRequests: 3, queue: 4, queueMs: 60 } as const
  const { edge, port, securePort, serve } = await secureWorldOf(t, { limits: LIMITS, balance })
  const first = await moody(t, 'one')
  serve([first])
  for (let i = 0; i < 2; i += 1) {
    assert.match(await ask(t, port, get('/answers', 'Connection: close')), /^HTTP\/1\.1 200/)
  }
  assert.equal(edge.counters().retries, 1, 'the second one was tried again')
  const dead = member(await freePort(), { id: 'dead' })
  // Under Deno a server of HTTP/2 that ends its sessions ends the process now and then, without a word.
  const inHttp2 = 'Deno' in globalThis ? [] : [await moodyInHttp2(t, 'h2c')]
  serve([first, await moody(t, 'other'), ...inHttp2, dead])
  const busy = (): number => [...edge.inFlight().values()].reduce((sum, one) => sum + one, 0)
  let most = 0
  let expected = edge.counters().connections
  const all = asyncProperty(array(REQUEST, { minLength: 4, maxLength: 16 }), async (requests) => {
    expected += 1 + requests.filter(({ via }) => !via.startsWith('h2')).length
    const session = await http2Client(t, securePort)
    for (const request of requests) {
      if (request.via.startsWith('h2')) askHttp2(session, request)
      else askHttp1(t, port, request)
    }
    session.close()
    await until(
      () => {
        most = Math.max(most, busy())
        const { connections, open } = edge.counters()
        return connections === expected && open === 0 && busy() === 0
      },
      () => `nothing to be under way: ${JSON.stringify([...edge.inFlight()])}`,
    )
    const { held, tunnels } = edge.counters()
    assert.deepEqual({ held, tunnels }, { held: 0, tunnels: 0 })
    for (const [id, count] of edge.inFlight()) assert.equal(count, 0, id)
  })
  await holds(all, { numRuns: 15, endOnFailure: true })
  assert.ok(most > 0 && most <= 12, `${most} were under way at once`)
})
