import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { listAudit } from '../../src/contract/audit.ts'
import { platformAuthority } from '../../src/contract/platform.ts'
import { createTenant } from '../../src/contract/tenants.ts'
import { answered, begun, userWhere, type Place } from '../support/front-door.ts'
import { page } from '../support/ingress-client.ts'
import { platformHouse } from '../support/platform-house.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** The API behind the ingress, as the processes of a platform serve it. */

const NAME = 'api.cloudlet.test'
/** Answers with what it was sent, byte by byte as Node shows it; 7001 sends back what comes. */
const ECHO = `
require('node:http').createServer((request, response) => {
  response.end(JSON.stringify(request.rawHeaders))
}).listen(8080)
require('node:net').createServer((socket) => {
  socket.on('error', () => {})
  socket.pipe(socket)
}).listen(7001)
`

let platform: Platform
let acme: Tenant
let place: Place
let endpoint: string

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_API_HOST: NAME })
  acme = await newTenant(platform, 'acme')
  const command = ['/usr/local/bin/node', '-e', ECHO]
  const ports = [{ port: 8080, app: true }]
  await acme.run({ name: 'echo', image: DEMO_IMAGE, command, ports })
  const { certificate: ca } = await platform.api.call(platformAuthority, {})
  place = { at: platform.https, name: NAME, ca }
  endpoint = `https://${NAME}:${platform.https.port}`
})

after(() => platform?.remove())

const asOperator = () => ({ authorization: `Bearer ${platform.apiKey}` })

/** The edge's secret word, as its workers have it. */
function mark(): string {
  const told: unknown = JSON.parse(readFileSync(`${platform.dataDir}/edge/tls.json`, 'utf8'))
  assert.ok(typeof told === 'object' && told !== null && 'api' in told)
  const { api } = told
  assert.ok(typeof api === 'object' && api !== null && 'mark' in api)
  assert.match(String(api.mark), /^[\w-]{43}$/)
  return String(api.mark)
}

/** RFC 6455, as any client of it. */
function webSocket(path: string): WebSocket {
  const { at, ca } = place
  return new WebSocket(`wss://${at.host}:${at.port}${path}`, [], {
    createConnection: () => connectTls({ ...at, ca, servername: NAME }),
    headers: { host: `${NAME}:${at.port}`, ...asOperator() },
  })
}

async function sourceOf(slug: string): Promise<string | undefined> {
  const query = { action: 'tenants.create', limit: 100 }
  const { items } = await platform.api.call(listAudit, { query })
  return items.find(({ tenant }) => tenant === slug)?.sourceAddress
}

test('the audit log has the address of the client, whatever it says about itself', async () => {
  const forged = {
    'X-Forwarded-For': '203.0.113.66',
    'X-Real-IP': '203.0.113.66',
    Forwarded: 'for=203.0.113.66',
    'X-Cloudlet-Edge': `${mark()} 203.0.113.66`,
  }
  for (const [slug, headers, localAddress] of [
    ['plain', {}, '127.0.0.5'],
    ['forged', forged, '127.0.0.6'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one tenant after the other
    const {
      status,
      text,
      headers: answer,
    } = await answered(place, {
      method: 'POST',
      path: '/v1/tenants',
      headers: { ...asOperator(), ...headers },
      localAddress,
      body: { slug },
    })
    assert.equal(status, 201, text)
    // Nobody has asked from there before: each client has a rate of its own.
    assert.match(String(answer['ratelimit']), /"address";r=19999;/)
    // oxlint-disable-next-line no-await-in-loop -- one tenant after the other
    assert.equal(await sourceOf(slug), localAddress)
  }
})

test('past the ingress nobody is believed without its mark', async () => {
  const response = await fetch(`${platform.endpoint}/v1/tenants`, {
    method: 'POST',
    headers: {
      ...asOperator(),
      'content-type': 'application/json',
      'x-cloudlet-edge': `${'m'.repeat(43)} 203.0.113.66`,
      'x-forwarded-for': '203.0.113.66',
    },
    body: JSON.stringify({ slug: 'direct' }),
  })
  assert.equal(response.status, 201, await response.text())
  assert.equal(await sourceOf('direct'), '127.0.0.1')
})

test("a tenant's app never sees the mark", async () => {
  const host = 'echo.acme.localhost'
  await until(
    'the app answers',
    async () => (await page(platform.ingress, { host })).status === 200,
  )
  const { body } = await page(platform.ingress, { host })
  assert.match(body, /X-Forwarded-For/)
  assert.doesNotMatch(body, /x-cloudlet/i)
  assert.equal(body.includes(mark()), false)
})

test('in clear the name leads to TLS', async () => {
  const { status, headers } = await page(platform.ingress, { host: NAME, path: '/v1/whoami?x=1' })
  assert.equal(status, 308)
  assert.equal(headers['location'], `${endpoint}/v1/whoami?x=1`)
})

test('streams pass as they come', async () => {
  const stream = await begun(place, {
    path: '/v1/events?since=0',
    headers: { ...asOperator(), accept: 'application/x-ndjson' },
  })
  assert.equal(stream.statusCode, 200)
  let heard = ''
  stream.setEncoding('utf8').on('data', (text: string) => (heard += text))
  const socket = webSocket('/v1/events?since=0')
  let framed = ''
  socket.on('message', (frame: Buffer) => (framed += frame.toString()))
  await once(socket, 'open')
  await platform.api.call(createTenant, { body: { slug: 'streamed' } })
  await until('the event is there', () => heard.includes('streamed'))
  await until('it is in a frame too', () => framed.includes('streamed'))
  stream.destroy()
  socket.terminate()
})

test('a request waits while the control plane is killed and started again', async () => {
  await platform.kill('control-plane')
  const { status, text } = await answered(place, { path: '/v1/whoami', headers: asOperator() })
  assert.equal(status, 200, text)
})

test('the command line trusts what login --ca was given, and nothing else', async () => {
  using user = userWhere(NAME)
  const at = { CLOUDLET_ENDPOINT: platform.endpoint, CLOUDLET_API_KEY: platform.apiKey }
  const ca = user.file('ca.pem')
  const got = await user.type(`trust --out ${ca}`, '', at)
  assert.equal(got.code, 0, got.said)
  const stranger = user.file('stranger.pem')
  writeFileSync(stranger, (await x509Authority().create('A stranger', Date.now())).chain)
  const login = `login --endpoint ${endpoint} --tenant acme --api-key`
  for (const line of [login, `${login} --ca ${stranger}`]) {
    // oxlint-disable-next-line no-await-in-loop -- one profile
    const { code, said } = await user.type(line, `${acme.apiKey}\n`)
    assert.equal(code, 3, said)
    assert.match(said, /Cannot trust the certificate of .*\n.*cloudlet login .* --ca ca\.pem/)
  }
  const done = await user.type(`${login} --ca ${ca}`, `${acme.apiKey}\n`)
  assert.equal(done.code, 0, done.said)
  const { code, said } = await user.type('ps')
  assert.equal(code, 0, said)
  assert.match(said, /^echo +/m)
})

test('port-forward goes over TLS, where the API was reached by it', async (t) => {
  using user = userWhere(NAME)
  writeFileSync(user.file('ca.pem'), place.ca)
  const login = `login --endpoint ${endpoint} --tenant acme --api-key --ca ${user.file('ca.pem')}`
  assert.equal((await user.type(login, `${acme.apiKey}\n`)).code, 0)
  const { child, said } = user.start('port-forward --json echo :7001')
  t.after(() => child.kill('SIGKILL'))
  await until('it listens', () => said().includes('local') || child.exitCode !== null)
  const port = Number(/"local":"127\.0\.0\.1:(\d+)"/.exec(said())?.[1])
  assert.ok(port > 0, said())
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  socket.write('through the front door')
  const [echoed] = await once(socket, 'data')
  assert.equal(String(echoed), 'through the front door')
  const own = readFileSync(`/proc/${child.pid}/net/tcp`, 'utf8')
  const secure = platform.https.port.toString(16).toUpperCase().padStart(4, '0')
  assert.match(own, new RegExp(`0100007F:${secure} 01 `))
})

for (const [why, env, said] of [
  [
    'in clear on all addresses',
    { CLOUDLET_API_ADDRESS: '0.0.0.0:0' },
    /in clear on 0\.0\.0\.0:\d+/,
  ],
  ['under a name of tenants', { CLOUDLET_API_HOST: 'api.cloud.local' }, /is within cloud\.local/],
] as const) {
  test(`a platform whose API would be ${why} does not start, and says why`, async () => {
    const house = platformHouse(env)
    try {
      assert.equal(await house.begin(), false)
      assert.match(house.output(), said)
      assert.match(house.output(), /CLOUDLET_API_HOST/)
    } finally {
      await house.sweep()
    }
  })
}
