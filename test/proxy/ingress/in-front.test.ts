import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ask, backend, bodyOf, get, HOST, lines, member, RawClient, until, worldOf } from './kit.ts'
import { CA, askHttp2, http2Client, secureWorld } from './tls-kit.ts'

const HERE = { proxyProtocol: ['127.0.0.0/8'] }

/** A header of the PROXY protocol for a client at this IPv4 address. */
function proxied(address: string, more: readonly number[] = []): string {
  const places = [...address.split('.').map(Number), 127, 0, 0, 1, 48, 57, 0, 80, ...more]
  return `\r\n\r\n\0\r\nQUIT\n\x21\x11\0${String.fromCharCode(places.length, ...places)}`
}
const LOCAL = '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0'

/** A member that answers with what it was told of the client. */
const telling = (t: TestContext) =>
  backend(t, ({ headers }, response) => {
    const { forwarded, 'x-forwarded-for': list, 'x-real-ip': real } = headers
    const scheme = headers['x-forwarded-proto']
    response.end(JSON.stringify({ list, real, scheme, forwarded }))
  })

const told = (answer: string): Record<string, string> => JSON.parse(bodyOf(answer))
const last = (...fields: string[]): string => get('/', 'Connection: close', ...fields)

test('a balancer in front says who its client is, and that is whom the member is told of', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: HERE })
  one.serve([member(port)])
  const answer = told(await ask(t, one.port, `${proxied('192.0.2.7', [4, 0, 1, 0])}${last()}`))
  assert.equal(answer['list'], '192.0.2.7')
  assert.equal(answer['real'], '192.0.2.7')
  assert.equal(answer['forwarded'], `for=192.0.2.7;host="${HOST}";proto=http`)
})

test('a header that comes byte by byte is read, and so is the request behind it', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: HERE })
  one.serve([member(port)])
  const client = new RawClient(t, one.port)
  for (const byte of `${proxied('192.0.2.8')}${last()}`) {
    await new Promise<void>((resolve) => client.socket.write(byte, 'latin1', () => resolve()))
  }
  assert.equal(told(await client.closed())['list'], '192.0.2.8')
})

test('whom a balancer speaks for itself with is the balancer', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: HERE })
  one.serve([member(port)])
  assert.equal(told(await ask(t, one.port, `${LOCAL}${last()}`))['list'], '127.0.0.1')
})

test('from a balancer nothing comes in without the header, of version 1 neither', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: HERE })
  one.serve([member(port)])
  assert.equal(await ask(t, one.port, last()), '')
  assert.equal(await ask(t, one.port, `PROXY TCP4 192.0.2.7 127.0.0.1 1 80\r\n${last()}`), '')
  assert.equal(await ask(t, one.port, `${proxied('192.0.2.7', [4, 0])}${last()}`), '')
  assert.equal(one.edge.counters().requests, 0)
})

test('a header that does not come in time ends the connection', async (t) => {
  const one = await worldOf(t, { limits: { proxyHeaderMs: 50 }, inFront: HERE })
  const client = new RawClient(t, one.port)
  client.say(proxied('192.0.2.7').slice(0, 20))
  assert.equal(await client.closed(), '')
  assert.equal(one.edge.counters().open, 0)
})

test('from anybody else the header is no request, and says nothing', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { proxyProtocol: ['192.0.2.0/24'] } })
  one.serve([member(port)])
  assert.match(await ask(t, one.port, `${proxied('192.0.2.7')}${last()}`), /^HTTP\/1\.1 400 /)
  assert.equal(told(await ask(t, one.port, last()))['list'], '127.0.0.1')
})

test('connections are counted for the client that the balancer names', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, {
    limits: { connectionsPerAddress: 1, lingerMs: 50 },
    inFront: HERE,
  })
  one.serve([member(port)])
  const first = new RawClient(t, one.port)
  first.say(`${proxied('192.0.2.7')}${get('/')}`)
  await first.hears('192.0.2.7')
  assert.match(await ask(t, one.port, `${proxied('192.0.2.7')}${last()}`), /^HTTP\/1\.1 503 /)
  assert.match(await ask(t, one.port, `${proxied('192.0.2.8')}${last()}`), /^HTTP\/1\.1 200 /)
  first.socket.destroy()
  await until(
    () => one.edge.counters().open === 0,
    () => 'the end of the first',
  )
  assert.match(await ask(t, one.port, `${proxied('192.0.2.7')}${last()}`), /^HTTP\/1\.1 200 /)
})

test('the header comes before the handshake of TLS', async (t) => {
  const { port } = await telling(t)
  const one = await secureWorld(t, {}, HERE)
  one.serve([member(port)])
  const raw = connect({ host: '127.0.0.1', port: one.securePort })
  t.after(() => raw.destroy())
  raw.write(proxied('192.0.2.9'), 'latin1')
  const socket = connectTls({ socket: raw, servername: HOST, ca: await CA })
  let heard = ''
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  socket.write(last())
  await until(
    () => heard.includes('}'),
    () => `an answer in ${JSON.stringify(heard)}`,
  )
  assert.equal(told(heard)['list'], '192.0.2.9')
  assert.equal(told(heard)['scheme'], 'https')
})

test('a ClientHello without the header before it is answered by nobody', async (t) => {
  const one = await secureWorld(t, {}, HERE)
  const socket = connectTls({ host: '127.0.0.1', port: one.securePort, servername: HOST })
  t.after(() => socket.destroy())
  const isOver = new Promise((resolve) => socket.on('error', resolve))
  assert.match(String(await isOver), /ECONNRESET|disconnected|end of file|EOF/i)
})

test('HTTP/2 is spoken behind a header as without one', async (t) => {
  const { port } = await telling(t)
  const one = await secureWorld(t, {}, HERE)
  one.serve([member(port)])
  const raw = connect({ host: '127.0.0.1', port: one.securePort })
  raw.write(proxied('192.0.2.10'), 'latin1')
  const session = await http2Client(t, one.securePort, { socket: raw })
  const { body } = await askHttp2(session, { ':path': '/' })
  assert.equal(JSON.parse(body)['list'], '192.0.2.10')
})

/** What a member is told when the client at 127.0.0.1 is trusted, and says this. */
async function trustedSaying(t: TestContext, ...fields: string[]) {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { trusted: ['127.0.0.1', '10.0.0.0/8'] } })
  one.serve([member(port)])
  return told(await ask(t, one.port, last(...fields)))
}

test('a trusted proxy names the client, and its list goes on', async (t) => {
  assert.deepEqual(
    await trustedSaying(t, 'X-Forwarded-For: 192.0.2.7, 10.0.0.3', 'X-Forwarded-Proto: https'),
    {
      list: '192.0.2.7, 10.0.0.3, 127.0.0.1',
      real: '192.0.2.7',
      scheme: 'https',
      forwarded: `for=192.0.2.7;host="${HOST}";proto=https, for=10.0.0.3, for=127.0.0.1`,
    },
  )
})

for (const [what, fields, list, scheme] of [
  [
    'what the client has put before goes no further',
    ['X-Forwarded-For: 198.51.100.1, 192.0.2.7'],
    '192.0.2.7',
    'http',
  ],
  [
    'all fields of the name are one list',
    ['X-Forwarded-For: 192.0.2.7', 'x-forwarded-for: 10.1.1.1'],
    '192.0.2.7, 10.1.1.1',
    'http',
  ],
  [
    'what is no address ends the list',
    ['X-Forwarded-For: 192.0.2.7, unknown, 10.0.0.3'],
    '10.0.0.3',
    'http',
  ],
  ['a list of nothing names nobody', ['X-Forwarded-For: , ,'], '', 'http'],
  ['ports are left out', ['X-Forwarded-For: 192.0.2.7:4711'], '192.0.2.7', 'http'],
  [
    'IPv6 is told in its short form',
    ['X-Forwarded-For: [2001:DB8:0::7]:80'],
    '2001:db8::7',
    'http',
  ],
  [
    'Forwarded is read where there is no X-Forwarded-For',
    ['Forwarded: for=198.51.100.1;proto=http, FOR="192.0.2.7:80";Proto=https;host=x, for=10.0.0.3'],
    '192.0.2.7, 10.0.0.3',
    'https',
  ],
  [
    'the scheme of Forwarded is the client’s',
    ['Forwarded: for=192.0.2.7;proto=https'],
    '192.0.2.7',
    'https',
  ],
  [
    'a comma in quotes is none between elements',
    ['Forwarded: for=192.0.2.7;by="a,for=192.0.2.9"'],
    '192.0.2.7',
    'http',
  ],
  ['a Forwarded that is none names nobody', ['Forwarded: for=192.0.2.7;proto="https'], '', 'http'],
  [
    'X-Forwarded-For counts more than Forwarded',
    ['X-Forwarded-For: 192.0.2.7', 'Forwarded: for=192.0.2.8'],
    '192.0.2.7',
    'http',
  ],
  [
    'several schemes say none',
    ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https, http'],
    '192.0.2.7',
    'http',
  ],
  ['a scheme alone counts for the proxy itself', ['X-Forwarded-Proto: https'], '', 'https'],
] as const) {
  test(`of a trusted proxy: ${what}`, async (t) => {
    const found = await trustedSaying(t, ...fields)
    assert.equal(found['list'], list === '' ? '127.0.0.1' : `${list}, 127.0.0.1`)
    assert.equal(found['scheme'], scheme)
  })
}

test('whoever is not trusted says nothing of clients', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { trusted: ['10.0.0.0/8'] } })
  one.serve([member(port)])
  const lies = [
    'X-Forwarded-For: 192.0.2.7',
    'X-Forwarded-Proto: https',
    'Forwarded: for=192.0.2.7',
  ]
  assert.deepEqual(told(await ask(t, one.port, last(...lies))), {
    list: '127.0.0.1',
    real: '127.0.0.1',
    scheme: 'http',
    forwarded: `for=127.0.0.1;host="${HOST}";proto=http`,
  })
})

test('a container behind a trusted proxy finds its own tenant’s apps alone', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { trusted: ['127.0.0.1'] } })
  one.serve([
    member(port),
    member(port, { id: 'other', tenant: 'other', name: 'shop', address: '10.208.0.9' }),
  ])
  const from = (address: string) => ask(t, one.port, last(`X-Forwarded-For: ${address}`))
  assert.match(await from('192.0.2.7'), /^HTTP\/1\.1 200 /)
  assert.match(await from('10.208.0.9'), /^HTTP\/1\.1 404 /)
})

test('a balancer that names a trusted proxy has that proxy believed', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { ...HERE, trusted: ['10.0.0.0/8'] } })
  one.serve([member(port)])
  const through = (address: string) =>
    ask(t, one.port, `${proxied(address)}${last('X-Forwarded-For: 192.0.2.7')}`)
  assert.equal(told(await through('10.0.0.3'))['list'], '192.0.2.7, 10.0.0.3')
  assert.equal(told(await through('198.51.100.3'))['list'], '198.51.100.3')
})

test('requests one after the other on a connection are each of the client that is named', async (t) => {
  const { port } = await telling(t)
  const one = await worldOf(t, { inFront: { trusted: ['127.0.0.1'] } })
  one.serve([member(port)])
  const client = new RawClient(t, one.port)
  client.say(get('/', 'X-Forwarded-For: 192.0.2.1'))
  await client.hears('"real":"192.0.2.1"')
  client.say(get('/'))
  await client.hears('"real":"127.0.0.1"')
  client.say(lines('GET / HTTP/1.1', `Host: ${HOST}`, 'X-Forwarded-For: 192.0.2.2', ''))
  await client.hears('"real":"192.0.2.2"')
})
