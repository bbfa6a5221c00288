import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { readlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'

import { basename, join } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { ApiError } from '../../src/client/api-error.ts'
import { settled } from '../../src/client/operation.ts'
import { listTenantAudit } from '../../src/contract/audit.ts'
import {
  createContainer,
  getContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
} from '../../src/contract/containers.ts'
import { whoami } from '../../src/contract/keys.ts'
import { cancelOperation, listOperations } from '../../src/contract/operations.ts'
import { platformAuthority } from '../../src/contract/platform.ts'
import { getUsage } from '../../src/contract/usage.ts'
import { askTcp, askUdp } from '../proxy/dns/client.ts'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { testRuntime } from '../support/platform-house.ts'
import { BASE, DEMO_IMAGE, newTenant, tenantWithKey, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** The walk of a new user, on a real platform; it is the same under Node and under Deno. */

const NXDOMAIN = 3
const A = 1
const run = promisify(execFile)

let platform: Platform
let silent: Awaited<ReturnType<typeof silentRegistry>>
let demo: Tenant
let other: Tenant

before(async () => {
  silent = await silentRegistry()
  platform = await startPlatform({ CLOUDLET_REGISTRIES: silent.host })
  demo = await tenantWithKey(platform, 'demo')
  other = await newTenant(platform, 'other', { memoryBytes: 600 * 1024 ** 2 })
})

after(async () => {
  silent?.close()
  await platform?.remove()
})

const demoAddress = async (): Promise<string> =>
  (await demo.show('hello')).addresses[0]?.address ?? 'none'

const refused = (status: number, code: string) => (error: unknown) => {
  assert.ok(error instanceof ApiError, String(error))
  assert.deepEqual([error.status, error.code], [status, code])
  return true
}

test('every process runs under the runtime that is tested', () => {
  const all = ['supervisor', 'control-plane', 'dns'] as const
  for (const each of [...all.map((part) => platform.pid(part)), ...platform.pids('ingress')]) {
    assert.equal(basename(readlinkSync(`/proc/${each}/exe`)), testRuntime())
  }
})

test('the ingress answers for the demo under both domains, and for no other name', async () => {
  for (const host of [
    'hello.demo.cloud.local',
    'hello.demo.localhost',
    'HELLO.demo.cloud.local:80',
  ]) {
    const { status: code, body } = await page(platform.ingress, { host })
    assert.equal(code, 200, host)
    assert.match(body, /hello is running/)
  }
  for (const host of [
    'nothing.demo.cloud.local',
    'hello.nobody.cloud.local',
    'hello.demo.example',
  ]) {
    const { status: code } = await page(platform.ingress, { host })
    assert.equal(code, 404, host)
  }
})

test('the ingress answers by TLS, and the platform’s own authority vouches for it', async () => {
  const { certificate: ca } = await platform.api.call(platformAuthority, {})
  const servername = 'hello.demo.cloud.local'
  const how = { ...platform.https, servername, ca, ALPNProtocols: ['h2'] }
  await until('there is a certificate', async () => (await handshake(how)) === 'h2')
  const session = connectHttp2(`https://${servername}`, { createConnection: () => connectTls(how) })
  try {
    const stream = session.request({ ':path': '/' })
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 200)
    assert.match(await wholeText(stream), /hello is running/)
  } finally {
    session.destroy()
  }
  assert.equal(await handshake({ ...how, servername: 'hello.nobody.cloud.local' }), undefined)
})

/** What a handshake comes to: the protocol that was agreed on, or undefined where there is none. */
function handshake(how: ConnectionOptions): Promise<string | false | null | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls(how, () => {
      resolve(socket.alpnProtocol)
      socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
  })
}

test('the responder answers the host for the demo, over UDP and TCP', async () => {
  const { host, port } = platform.dns
  const dig = ['+short', '+time=3', '-p', String(port), `@${host}`, 'hello.demo.internal']
  const { stdout } = await run('dig', dig)
  assert.equal(stdout.trim(), await demoAddress())

  const ask = { name: 'hello.demo.internal', type: A }
  const answers = [`hello.demo.internal 1 ${await demoAddress()}`]
  assert.deepEqual((await askUdp(platform.dns, ask, '127.0.0.1')).answers, answers)
  assert.deepEqual((await askTcp(platform.dns, ask, '127.0.0.1')).answers, answers)
  const unknown = { name: 'nothing.demo.internal', type: A }
  assert.equal((await askUdp(platform.dns, unknown, '127.0.0.1')).rcode, NXDOMAIN)
})

test('a WebSocket through the ingress counts, and answers', async () => {
  const { host, port } = platform.ingress
  const headers = { host: 'hello.demo.cloud.local' }
  const socket = new WebSocket(`ws://${host}:${port}/ws`, { headers })
  const heard: string[] = []
  socket.on('message', (data: Buffer) => heard.push(data.toString()))
  await once(socket, 'open')
  socket.send('anyone there?')
  await until('two counts and an echo', () => heard.length >= 3)
  const counts = heard.filter((text) => /^\d+$/.test(text)).map(Number)
  assert.equal(counts[1], (counts[0] ?? 0) + 1)
  assert.ok(heard.includes('anyone there?'))
  const closed = once(socket, 'close')
  socket.close()
  await closed
})

test('a container reaches its own tenant by name, and another tenant neither by name nor by address', async () => {
  const address = await demoAddress()
  const walk = [
    'nslookup hello.demo.internal | sed -n "/^Name/,$ p"',
    `nc -w 3 ${address} 8080 </dev/null >/dev/null && echo reached by address || echo no way`,
    'nc -w 3 hello 8080 </dev/null >/dev/null && echo reached by name || echo no name',
  ].join('; ')

  const own = await demo.shell(walk)
  assert.match(own, new RegExp(`Address: +${address}`))
  assert.match(own, /reached by address/)
  assert.match(own, /reached by name/)

  const foreign = await other.shell(walk)
  assert.doesNotMatch(foreign, new RegExp(`Address: +${address}`))
  assert.match(foreign, /no way/)
  assert.match(foreign, /no name/)
  assert.match(await other.shell('nslookup hello.demo.internal 2>&1'), /NXDOMAIN/)
})

test('logs tell the two streams apart', async () => {
  const command = ['sh', '-c', 'echo to out; echo to err >&2; sleep 600']
  await demo.run({ name: 'talker', image: BASE, command })
  await until('it has spoken', async () => (await demo.logs('talker')).length === 2)
  assert.deepEqual(await demo.logs('talker', 'stdout'), ['to out'])
  assert.deepEqual(await demo.logs('talker', 'stderr'), ['to err'])
  await demo.remove('talker')
})

const statusOf = async (app: string): Promise<number> =>
  (await page(platform.ingress, { host: `${app}.demo.cloud.local` })).status

test('an app is stopped, started, restarted, renamed and deleted, and the ingress follows', async () => {
  await demo.run({ name: 'web', image: DEMO_IMAGE })
  const params = { tenant: 'demo', container: 'web' }
  const asked = { params, query: { wait: 30 } }
  assert.equal(await statusOf('web'), 200)

  const stopped = await demo.api.call(stopContainer, asked)
  assert.equal(stopped.resource.state, 'stopped')
  assert.equal(await statusOf('web'), 503)

  const started = await demo.api.call(startContainer, asked)
  assert.equal(started.resource.state, 'running')
  assert.equal(await statusOf('web'), 200)

  const again = await demo.api.call(restartContainer, asked)
  assert.equal(again.resource.state, 'running')
  assert.notEqual(again.resource.startedAt, started.resource.startedAt)
  assert.deepEqual(again.resource.addresses, stopped.resource.addresses)
  assert.equal(await statusOf('web'), 200)

  await demo.api.call(renameContainer, { ...asked, body: { name: 'shop' } })
  await until('the new name answers', async () => (await statusOf('shop')) === 200)
  assert.equal(await statusOf('web'), 404)

  await demo.remove('shop')
  assert.equal(await statusOf('shop'), 404)
  await assert.rejects(demo.show('shop'), refused(404, 'not-found'))
})

test('a published port answers on 127.0.0.1, and nothing else is published', async () => {
  const { endpoints } = await demo.run({ name: 'open', image: DEMO_IMAGE, publish: true })
  assert.equal(endpoints.length, 1)
  const { address } = endpoints[0] ?? { address: '' }
  assert.match(address, /^127\.0\.0\.1:\d+$/)
  const answer = await fetch(`http://${address}/healthz`)
  assert.equal(await answer.text(), 'ok\n')
  assert.deepEqual((await demo.show('hello')).endpoints, [])
  await demo.remove('open')
})

test('a request over the quota is refused with what is short, and takes nothing', async () => {
  const params = { tenant: 'other' }
  const body = { name: 'big', image: BASE, memoryBytes: 1024 ** 3, start: false }
  await assert.rejects(other.api.call(createContainer, { params, body }), (error: unknown) => {
    assert.ok(error instanceof ApiError, String(error))
    assert.deepEqual([error.status, error.code], [403, 'quota-exceeded'])
    const limit = 600 * 1024 ** 2
    const short = { resource: 'memoryBytes', limit, used: 0, requested: 1024 ** 3, scope: 'tenant' }
    assert.deepEqual(error.details['shortages'], [short])
    return true
  })
  const usage = await other.api.call(getUsage, { params })
  assert.deepEqual([usage.memoryBytes.limit, usage.memoryBytes.reserved], [600 * 1024 ** 2, 0])
  assert.equal(usage.containers.reserved, 0)
  assert.equal(usage.enforced, true)
})

test('usage is what the containers reserve, and the audit log says who made them', async () => {
  const params = { tenant: 'demo' }
  const usage = await demo.api.call(getUsage, { params })
  assert.deepEqual([usage.containers.reserved, usage.cpuMilli.reserved], [1, 500])
  assert.equal(usage.memoryBytes.reserved, 256 * 1024 ** 2)

  const { items } = await demo.api.call(listTenantAudit, { params, query: { limit: 100 } })
  const created = items.filter(({ action }) => action === 'containers.create')
  assert.ok(
    created.some(({ actor, target }) => actor === 'platform' && target === 'container/hello'),
  )
  const { accessKeyId } = await demo.api.call(whoami, {})
  const mine = created.find(({ target }) => target === 'container/web')
  assert.deepEqual(
    [mine?.actor, mine?.keyId, mine?.result, mine?.sourceAddress],
    [`key:${accessKeyId}`, accessKeyId, 'accepted', '127.0.0.1'],
  )
  const { items: theirs } = await other.api.call(listTenantAudit, { params: { tenant: 'other' } })
  assert.ok(theirs.some(({ result, status }) => result === 'quota-exceeded' && status === 403))
})

test('a pull that hangs is listed, is cancelled, and leaves nothing', async () => {
  try {
    const params = { tenant: 'demo' }
    const body = { name: 'stuck', image: `${silent.host}/team/app:1` }
    const { operation } = await demo.api.call(createContainer, { params, body })
    await until('the engine pulls', () => silent.sockets.size > 0)
    const { items } = await demo.api.call(listOperations, { params, query: { state: 'running' } })
    assert.deepEqual(
      items.map(({ id, step }) => [id, step]),
      [[operation.id, 'pull']],
    )

    const cancelled = await demo.api.call(cancelOperation, {
      params: { ...params, operation: operation.id },
    })
    assert.equal(cancelled.state, 'cancelled')
    const signal = AbortSignal.timeout(5_000)
    const ended = await settled(demo.api, {
      tenant: 'demo',
      id: operation.id,
      now: Date.now,
      signal,
    })
    assert.equal(ended.error?.code, 'cancelled')
    await until('the container is gone', () =>
      demo.show('stuck').then(
        () => false,
        (error: unknown) => refused(404, 'not-found')(error),
      ),
    )
  } finally {
    silent.close()
  }
})

async function refusalOf(tenant: string, container: string): Promise<unknown[]> {
  const asked = other.api.call(getContainer, { params: { tenant, container } })
  const error: unknown = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ApiError, String(error))
  const { status, code, message } = error
  return [status, code, message.replaceAll(/"[^"]*"/g, '…')]
}

test('a foreign tenant, an unknown tenant and a foreign container are the same 404', async () => {
  const { id } = await demo.show('hello')
  const unknown = await refusalOf('nobody', 'hello')
  assert.equal(unknown[0], 404)
  assert.deepEqual(await refusalOf('demo', 'hello'), unknown)
  assert.deepEqual(await refusalOf('demo', id), unknown)
  const missing = await refusalOf('other', 'nothing')
  assert.deepEqual(await refusalOf('other', id), missing)
})

test('whoami tells the platform from a tenant', async () => {
  const operator = await platform.api.call(whoami, {})
  assert.deepEqual([operator.tenant, operator.role], [null, 'admin'])
  const mine = await other.api.call(whoami, {})
  assert.deepEqual([mine.tenant, mine.role], ['other', 'admin'])
  assert.ok(Math.abs(Date.parse(mine.serverTime) - Date.now()) < 60_000)
})

test('the command line is signed in by the first start', async () => {
  const env = { ...platform.settings, CLOUDLET_DATA_DIR: undefined }
  const command = join(import.meta.dirname, '../../bin/cloudlet')
  const { stdout } = await run(command, ['ps', '--json', '--tenant', 'demo'], { env })
  const printed: unknown = JSON.parse(stdout)
  const shown = await demo.show('hello')
  assert.deepEqual(printed, { items: [shown], nextCursor: null })
})

/** Takes connections and says nothing, at an address that an operator has to allow. */
async function silentRegistry() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  assert.ok(typeof at === 'object' && at)
  return {
    sockets,
    host: `127.0.0.1:${at.port}`,
    close(): void {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
