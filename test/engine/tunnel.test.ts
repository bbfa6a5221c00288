import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, test, type TestContext } from 'node:test'
import { openTunnel } from '../../proxy/tunnel/client.ts'
import { startContainer, stopContainer } from '../../src/contract/containers.ts'
import { tenantSessions } from '../../src/contract/sessions.ts'
import { tenantKeys } from '../../src/contract/keys.ts'
import { resumeTenant, suspendTenant } from '../../src/contract/tenant-life.ts'
import { createTunnel } from '../../src/contract/tunnels.ts'
import { forward, refusedForward, type Forward } from '../support/forward.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { killed } from '../support/platform-processes.ts'
import { until } from '../support/wait.ts'

/** Ports of a container that nobody publishes, reached through the ingress. */

const LONG = { timeout: 90_000 }
/** `CLOUDLET_TEST_LONG=1`: 1 GiB. */
const ECHOED_BYTES = (process.env['CLOUDLET_TEST_LONG'] === '1' ? 1024 : 256) * 1024 * 1024
/** Windows of 1 MiB each way, and what a runtime leaves lying about between two collections. */
const MOST_GROWTH_BYTES = 96 * 1024 * 1024

let platform: Platform
let acme: Tenant

/** 7001 sends back what comes; 7002 answers the hash of all that came, once that has ended. */
const SERVER = `
const { createServer } = require('node:net')
const { createHash } = require('node:crypto')
createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.pipe(socket)
}).listen(7001)
createServer({ allowHalfOpen: true }, (socket) => {
  const hash = createHash('sha256')
  socket.on('error', () => {})
  socket.on('data', (bytes) => hash.update(bytes))
  socket.on('end', () => socket.end(hash.digest('hex')))
}).listen(7002)
const udp = require('node:dgram').createSocket('udp4')
udp.on('message', (message, from) => udp.send(message, from.port, from.address))
udp.bind(7003)
console.log('up')
`

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
  const command = ['/usr/local/bin/node', '-e', SERVER]
  await acme.run({ name: 'server', image: DEMO_IMAGE, command, healthCheck: { type: 'none' } })
})

after(() => platform?.remove())

async function forwarded(t: TestContext, ...words: string[]): Promise<Forward> {
  const started = await forward(platform, { tenant: 'acme', apiKey: acme.apiKey, words })
  t.after(() => started.end())
  return started
}

function dialled(port: number): Socket {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  return socket
}

/** Of a process, at its most, in bytes. */
function mostMemory(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

/** Gone, in order or not. */
const closed = (socket: Socket): Promise<true> => until('it is closed', () => socket.destroyed)

/** Says something to an echo, and waits for it. */
function speaker(socket: Socket): (text: string) => Promise<void> {
  let heard = ''
  socket.on('data', (bytes: Buffer) => (heard += String(bytes)))
  return async (text) => {
    heard = ''
    socket.write(text)
    await until(`it says ${text}`, () => heard === text)
  }
}

/** Sends so many bytes to an echo; answers the hash of what went, and of what came back. */
async function echoed(socket: Socket, size: number): Promise<readonly [string, string]> {
  const [out, back] = [createHash('sha256'), createHash('sha256')]
  const block = randomBytes(64 * 1024)
  function* blocks(): Generator<Buffer> {
    for (let left = size; left > 0; left -= block.length) {
      // Not one like the other, so that none is missed or doubled unseen.
      block.writeUInt32BE(left, 0)
      const bytes = Buffer.from(block.subarray(0, Math.min(left, block.length)))
      out.update(bytes)
      yield bytes
    }
  }
  const sending = pipeline(Readable.from(blocks()), socket, { end: true })
  for await (const bytes of socket) back.update(bytes)
  await sending
  return [out.digest('hex'), back.digest('hex')]
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

test('a half that is closed lets the other go on', LONG, async (t) => {
  const { port } = await forwarded(t, 'server', ':7002')
  const socket = dialled(port)
  socket.end('hello')
  assert.equal(await textOf(socket), createHash('sha256').update('hello').digest('hex'))
})

test('what goes there comes back as it was, and nobody keeps it', LONG, async (t) => {
  const client = await forwarded(t, 'server', ':7001')
  const watched = [client.pid, ...platform.pids('ingress')]
  const atFirst = watched.map(mostMemory)
  const [sent, received] = await echoed(dialled(client.port), ECHOED_BYTES)
  assert.equal(received, sent)
  const grown = watched.map((pid, index) => mostMemory(pid) - (atFirst[index] ?? 0))
  t.diagnostic(`grown by ${grown.map((bytes) => `${Math.round(bytes / 2 ** 20)} MiB`).join(', ')}`)
  for (const bytes of grown) assert.ok(bytes < MOST_GROWTH_BYTES, `grown by ${bytes}`)
})

test('50 connections at once go through one tunnel', LONG, async (t) => {
  const { port } = await forwarded(t, 'server', ':7001')
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const [sent, received] = await echoed(dialled(port), 200_000)
      assert.equal(received, sent)
    }),
  )
})

test('two clients have tunnels at the same time', LONG, async (t) => {
  const ports = [await forwarded(t, 'server', ':7001'), await forwarded(t, 'server', ':7001')]
  await Promise.all(
    ports.map(async ({ port }) => {
      const [sent, received] = await echoed(dialled(port), 4_000_000)
      assert.equal(received, sent)
    }),
  )
})

test('datagrams go there and back', LONG, async (t) => {
  const { port } = await forwarded(t, '--udp', 'server', ':7003')
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const heard = new Set<string>()
  socket.on('message', (message) => heard.add(String(message)))
  await until('the datagrams come back', () => {
    // Any of them may be lost, as on any network.
    for (const text of ['one', 'two', 'x'.repeat(8000)]) socket.send(text, port, '127.0.0.1')
    return heard.size === 3
  })
})

test(
  'an open tunnel goes on without the control plane, and new ones as soon as it is back',
  LONG,
  async (t) => {
    const client = await forwarded(t, 'server', ':7001')
    const socket = dialled(client.port)
    const said = speaker(socket)
    await said('before')
    await platform.kill('control-plane')
    await said('meanwhile')
    // In the same tunnel.
    const [sent, received] = await echoed(dialled(client.port), 100_000)
    assert.equal(received, sent)
    await until('a new tunnel is opened', () => forwarded(t, 'server', ':7001'), 60_000)
    await said('after')
    assert.equal(client.said(), '')
  },
)

test('a ticket opens one tunnel, whichever worker is asked', LONG, async (t) => {
  const ending = new AbortController()
  t.after(() => ending.abort())
  const { ticket, host } = await acme.api.call(createTunnel, {
    params: { tenant: 'acme', container: 'server' },
    body: { port: 7001 },
  })
  const open = (): Promise<unknown> =>
    openTunnel({
      at: platform.ingress,
      host,
      ticket,
      signal: ending.signal,
      over: () => undefined,
    })
  await open()
  const again = await Promise.allSettled(Array.from({ length: 20 }, open))
  const said = again.map((one) => (one.status === 'rejected' ? String(one.reason) : 'opened'))
  assert.equal(said.length, 20)
  for (const text of said)
    assert.match(text, /The ticket is not accepted: it has been used already/)
})

test('a key that is revoked takes its tunnel along within a second', LONG, async (t) => {
  const key = await acme.api.call(tenantKeys.create, {
    params: { tenant: 'acme' },
    body: { role: 'member' },
  })
  const client = await forward(platform, {
    tenant: 'acme',
    apiKey: key.apiKey,
    words: ['server', ':7001'],
  })
  t.after(() => client.end())
  const socket = dialled(client.port)
  await speaker(socket)('hello')
  await acme.api.call(tenantKeys.revoke, { params: { tenant: 'acme', key: key.id } })
  const begun = performance.now()
  await closed(socket)
  assert.ok(performance.now() - begun < 1000)
  await until('it says why', () => /The tunnel has ended: its key has ended/.test(client.said()))
})

test('so does one that is open in an ingress that drains', LONG, async (t) => {
  const key = await acme.api.call(tenantKeys.create, {
    params: { tenant: 'acme' },
    body: { role: 'member' },
  })
  const words = ['server', ':7001']
  const client = await forward(platform, { tenant: 'acme', apiKey: key.apiKey, words })
  t.after(() => client.end())
  const socket = dialled(client.port)
  const say = speaker(socket)
  await say('hello')
  const old = platform.pids('ingress')
  // Its edge outlives a supervisor that is killed, and the next one lets it drain.
  await killed(platform.pid('supervisor'))
  await platform.start()
  await until('a new ingress serves', () =>
    platform.pids('ingress').some((pid) => !old.includes(pid)),
  )
  await say('still there')
  await until('the platform knows the tunnel', async () => {
    const { items } = await acme.api.call(tenantSessions.list, { params: { tenant: 'acme' } })
    return items.some(({ kind }) => kind === 'tunnel')
  })
  await acme.api.call(tenantKeys.revoke, { params: { tenant: 'acme', key: key.id } })
  const begun = performance.now()
  await closed(socket)
  assert.ok(performance.now() - begun < 1000)
})

test(
  'what is stopped, suspended or foreign cannot be reached, and a tunnel to it ends',
  LONG,
  async (t) => {
    const other = await newTenant(platform, 'other')
    const foreign = { tenant: 'other', apiKey: other.apiKey, words: ['server', ':7001'] }
    assert.equal((await refusedForward(platform, foreign)).code, 5)

    const stopped = await forwarded(t, 'server', ':7001')
    const one = dialled(stopped.port)
    await speaker(one)('hello')
    const params = { tenant: 'acme', container: 'server' }
    const stopping = acme.api.call(stopContainer, { params, query: { wait: 60 } })
    const begun = performance.now()
    await closed(one)
    assert.ok(performance.now() - begun < 1000)
    await stopping
    await until('it says why', () => /its container was stopped/.test(stopped.said()))
    const asked = { tenant: 'acme', apiKey: acme.apiKey, words: ['server', ':7001'] }
    assert.match((await refusedForward(platform, asked)).said, /it is stopped; start it first/)
    await acme.api.call(startContainer, { params, query: { wait: 60 } })

    const suspended = await forwarded(t, 'server', ':7001')
    const two = dialled(suspended.port)
    await speaker(two)('hello')
    await platform.api.call(suspendTenant, { params: { tenant: 'acme' }, body: {} })
    await closed(two)
    await until('it says why', () =>
      /its tenant is suspended|its container was stopped/.test(suspended.said()),
    )
    await platform.api.call(resumeTenant, { params: { tenant: 'acme' }, query: { wait: 60 } })
  },
)
