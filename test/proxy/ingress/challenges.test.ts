import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { HttpChallenge, TlsChallenge } from '../../../proxy/core/challenges.ts'
import { backend, HOST, member, world } from './kit.ts'
import { askHttp2, CA, certificateOf, http2Client, secureWorld, TICKET_KEYS } from './tls-kit.ts'

const PATH = '/.well-known/acme-challenge/'
const LATER_MS = 60_000
const shown = (over: Partial<HttpChallenge> = {}): HttpChallenge => ({
  kind: 'http-01',
  host: 'shop.example.org',
  token: 'a-token',
  answer: 'a-token.thumbprint',
  untilMs: Date.now() + LATER_MS,
  ...over,
})

interface Ask {
  readonly host?: string
  readonly method?: string
  readonly token?: string
  readonly content?: string
}

async function asked(
  port: number,
  { host = 'shop.example.org', method = 'GET', ...more }: Ask = {},
) {
  const path = `${PATH}${more.token ?? 'a-token'}`
  const request = httpRequest({ port, host: '127.0.0.1', path, method, headers: { host } })
  request.end(more.content)
  const [response] = await once(request, 'response')
  let body = ''
  for await (const bytes of response) body += String(bytes)
  return { status: response.statusCode, body, length: response.headers['content-length'] }
}

test('a host without an app answers what an authority asks of it, before there is any table', async (t) => {
  const { edge, port } = await world(t)
  edge.update({ challenges: [shown()] })
  assert.deepEqual(await asked(port), { status: 200, body: 'a-token.thumbprint', length: '18' })
  const head = { status: 200, body: '', length: '18' }
  assert.deepEqual(await asked(port, { method: 'HEAD' }), head)
})

test('an app answers itself for tokens, hosts and methods that are not ours', async (t) => {
  const { port: appPort } = await backend(t, (_request, response) => response.end('the app'))
  const { edge, port, tableOf } = await world(t)
  const table = tableOf([member(appPort)], { 'shop.example.org': 'hello.demo' })
  edge.update({ table, challenges: [shown()] })
  const others: Ask[] = [
    { token: 'its-own' },
    { token: 'a-token/more' },
    { host: HOST },
    { method: 'POST', content: 'x' },
  ]
  for (const other of others) assert.equal((await asked(port, other)).body, 'the app')
  assert.equal((await asked(port)).body, 'a-token.thumbprint')
})

test('what is shown goes away with the next word, and by itself after its time', async (t) => {
  const { edge, port, serve } = await world(t)
  serve([])
  edge.update({ challenges: [shown({ untilMs: Date.now() - 1 })] })
  assert.equal((await asked(port)).status, 404)
  edge.update({ challenges: [shown()] })
  assert.equal((await asked(port)).status, 200)
  edge.update({ challenges: [] })
  assert.equal((await asked(port)).status, 404)
})

test('of more than a hundred challenges the rest is not kept', async (t) => {
  const { edge, port, serve } = await world(t)
  serve([])
  const many = Array.from({ length: 101 }, (_, i) => shown({ token: `t${i}` }))
  edge.update({ challenges: many })
  assert.equal((await asked(port, { token: 't99' })).status, 200)
  assert.equal((await asked(port, { token: 't100' })).status, 404)
})

test('over HTTP/2 a challenge is answered too', async (t) => {
  const { edge, securePort } = await secureWorld(t)
  edge.update({ challenges: [shown({ host: HOST })] })
  const session = await http2Client(t, securePort)
  const answer = await askHttp2(session, { ':path': `${PATH}a-token` })
  assert.deepEqual([answer.status, answer.body], [200, 'a-token.thumbprint'])
})

async function shaken(t: TestContext, port: number, options: ConnectionOptions) {
  const socket = connectTls({ host: '127.0.0.1', port, servername: HOST, ca: await CA, ...options })
  t.after(() => socket.destroy())
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerX509Certificate() ?? {}
  return { fingerprint256, protocol: socket.alpnProtocol, closed }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: whoever speaks acme-tls/1 is shown the challenge's certificate, and no more`, async (t) => {
    const { edge, securePort } = await secureWorld(t)
    const [usual, special] = [await certificateOf(HOST), await certificateOf(HOST)]
    const challenge: TlsChallenge = {
      kind: 'tls-alpn-01',
      host: HOST,
      chain: special.chain,
      key: special.key,
      untilMs: Date.now() + LATER_MS,
    }
    edge.update({ tls: { certificates: [usual], ticketKeys: TICKET_KEYS } })
    const options = { minVersion: version, maxVersion: version }
    const acme = { ...options, ALPNProtocols: ['acme-tls/1'] }
    await assert.rejects(shaken(t, securePort, acme), /alert|protocol|SSL|disconnected/)

    edge.update({ challenges: [challenge] })
    const proved = await shaken(t, securePort, acme)
    assert.equal(proved.protocol, 'acme-tls/1')
    await proved.closed
    const others = await shaken(t, securePort, { ...options, ALPNProtocols: ['http/1.1'] })
    assert.equal(others.protocol, 'http/1.1')
    assert.notEqual(others.fingerprint256, proved.fingerprint256)
    const none = await shaken(t, securePort, options)
    assert.equal(none.fingerprint256, others.fingerprint256)
  })
}
