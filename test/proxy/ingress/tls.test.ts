import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { TestContext } from 'node:test'
import { backend, get, HOST, lines, member, until } from './kit.ts'
import { CA, certificateOf, other, secureWorld, TICKET_KEYS } from './tls-kit.ts'

interface Secured extends ConnectionOptions {
  /** Filled with what the other side gives for a later connection. */
  readonly tickets?: Buffer[]
}

async function secure(t: TestContext, port: number, { tickets, ...more }: Secured = {}) {
  const ca = await CA
  const socket = connectTls({ host: '127.0.0.1', port, servername: HOST, ca, ...more })
  socket.on('session', (ticket) => tickets?.push(ticket))
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

async function answerOf(socket: TLSSocket, text: string): Promise<string> {
  let heard = ''
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  socket.write(text)
  await until(
    () => heard.includes('\r\n\r\n'),
    () => `an answer in ${JSON.stringify(heard)}`,
  )
  return heard
}

test('TLS is ended with the certificate of the name, and the member hears of it', async (t) => {
  const { port } = await backend(t, (request, response) => {
    const { forwarded, 'x-forwarded-proto': scheme } = request.headers
    response.end(JSON.stringify({ scheme, forwarded }))
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const socket = await secure(t, securePort)
  assert.equal(socket.authorized, true)
  assert.match(
    await answerOf(socket, get('/')),
    /"https","forwarded":"for=127.0.0.1;host=[^;]+;proto=https"/,
  )
})

test('a name without a certificate gets none', async (t) => {
  const { securePort } = await secureWorld(t)
  await assert.rejects(secure(t, securePort, { servername: 'nobody.cloud.local' }), /alert|SSL/)
  await assert.rejects(secure(t, securePort, { servername: 'a.b.other.cloud.local' }), /alert|SSL/)
})

test('TLS before 1.2 is refused', async (t) => {
  const { securePort } = await secureWorld(t)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await assert.rejects(secure(t, securePort, old), /version|alert|protocol/i)
})

test('a new certificate counts from the next handshake on', async (t) => {
  const { edge, securePort } = await secureWorld(t)
  const before = (await secure(t, securePort)).getPeerX509Certificate()?.fingerprint256
  const certificates = [await certificateOf(HOST)]
  edge.update({ tls: { certificates, ticketKeys: TICKET_KEYS } })
  const after = (await secure(t, securePort)).getPeerX509Certificate()?.fingerprint256
  assert.notEqual(before, after)
})

test('a certificate that cannot be used costs its own name alone', async (t) => {
  const { edge, securePort } = await secureWorld(t)
  const broken = { names: ['broken.cloud.local'], chain: 'none', key: 'none' }
  const certificates = [broken, await certificateOf(HOST)]
  edge.update({ tls: { certificates, ticketKeys: TICKET_KEYS } })
  await assert.rejects(secure(t, securePort, { servername: 'broken.cloud.local' }))
  assert.equal((await secure(t, securePort)).authorized, true)
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a session of ${maxVersion} begun at one worker goes on at another`, async (t) => {
    const one = await secureWorld(t)
    const two = await secureWorld(t)
    const { port } = await backend(t, (_request, response) => response.end('ok'))
    one.serve([member(port)])
    two.serve([member(port)])
    const tickets: Buffer[] = []
    const first = await secure(t, one.securePort, { maxVersion, tickets })
    assert.match(await answerOf(first, get('/')), /^HTTP\/1\.1 200 /)
    // Deno gives no tickets of use elsewhere: there, each handshake is a whole one.
    const isNode = !('Deno' in globalThis)
    await until(
      () => !isNode || tickets.length > 0,
      () => 'a ticket',
    )
    const [session] = tickets
    const second = await secure(t, two.securePort, { maxVersion, ...(session ? { session } : {}) })
    assert.equal(second.isSessionReused(), isNode)
    assert.match(await answerOf(second, get('/')), /^HTTP\/1\.1 200 /)
  })
}

test('2a-13: the certificate of one tenant and the host of another: 421', async (t) => {
  const { port } = await backend(t, (_request, response) => response.end('ok'))
  const { serve, securePort } = await secureWorld(t)
  serve([member(port), member(port, { id: 'two', name: 'second' }), other(member(port))])
  const ask = async (servername: string, host: string): Promise<string> => {
    const socket = await secure(t, securePort, { servername })
    return (await answerOf(socket, lines('GET / HTTP/1.1', `Host: ${host}`, ''))).slice(0, 12)
  }
  assert.equal(await ask(HOST, HOST), 'HTTP/1.1 200')
  assert.equal(await ask(HOST, 'second.demo.cloud.local'), 'HTTP/1.1 200')
  assert.equal(await ask(HOST, 'shop.other.cloud.local'), 'HTTP/1.1 421')
  assert.equal(await ask('shop.other.cloud.local', 'shop.other.cloud.local'), 'HTTP/1.1 200')
  assert.equal(await ask('shop.other.cloud.local', HOST), 'HTTP/1.1 421')
})

test('an answer that is cut short over TLS ends in a reset, and the worker goes on', async (t) => {
  const { port } = await backend(t, (request, response) => {
    if (request.url === '/whole') return response.end('whole')
    response.writeHead(200, { 'content-length': '100' })
    return response.write('part', () => response.destroy())
  })
  const { serve, securePort } = await secureWorld(t)
  serve([member(port)])
  const socket = await secure(t, securePort)
  let code = ''
  socket.on('error', (error) => (code = 'code' in error ? String(error.code) : ''))
  assert.match(await answerOf(socket, get('/')), /^HTTP\/1\.1 200 /)
  await until(
    () => socket.destroyed,
    () => 'the end of the connection',
  )
  // Deno has no reset for what is below TLS.
  assert.equal(code, 'Deno' in globalThis ? '' : 'ECONNRESET')
  assert.match(await answerOf(await secure(t, securePort), get('/whole')), /^HTTP\/1\.1 200 /)
})
