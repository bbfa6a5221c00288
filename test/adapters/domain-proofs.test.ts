import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { domainProofs, isPublic } from '../../src/adapters/domain-proofs.ts'

const PATH = '/.well-known/cloudlet-verify'
const within = () => AbortSignal.timeout(5_000)

/** Answers every question for an address with 127.0.0.1, and every other with a text in two strings. */
async function resolver() {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5
    const type = question.readUInt16BE(end - 4)
    const head = Buffer.from(question.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(1, 6)
    head.writeUInt32BE(0, 8)
    const data = type === 1 ? Buffer.from([127, 0, 0, 1]) : Buffer.from('\x03one\x03two', 'latin1')
    const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length])
    socket.send(Buffer.concat([head, question.subarray(12, end), record, data]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    servers: [`127.0.0.1:${socket.address().port}`],
    [Symbol.dispose]: () => void socket.close(),
  }
}

async function site(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo
  return {
    port,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('a TXT record is one text, and a name that nobody knows has none', async () => {
  using dns = await resolver()
  const proofs = domainProofs({ isPrivateAllowed: false, servers: dns.servers })
  assert.deepEqual(await proofs.texts('_cloudlet.example.org', within()), ['onetwo'])
  const away = domainProofs({ isPrivateAllowed: false, servers: ['127.0.0.1:9'] })
  assert.deepEqual(await away.texts('_cloudlet.example.org', AbortSignal.timeout(100)), [])
})

test('a page is asked for under its name at the address, and its blanks do not count', async () => {
  using dns = await resolver()
  const asked: (string | undefined)[] = []
  using one = await site((request, response) => {
    asked.push(request.headers.host, request.url)
    response.end('  a-token\n')
  })
  const proofs = domainProofs({ isPrivateAllowed: true, servers: dns.servers, port: one.port })
  assert.equal(await proofs.page('example.org', PATH, within()), 'a-token')
  assert.deepEqual(asked, ['example.org', PATH])
})

test('an address that is not of the public internet is never called', async () => {
  using dns = await resolver()
  let calls = 0
  using one = await site((_request, response) => {
    calls++
    response.end('a-token')
  })
  const proofs = domainProofs({ isPrivateAllowed: false, servers: dns.servers, port: one.port })
  assert.equal(await proofs.page('example.org', PATH, within()), null)
  assert.equal(calls, 0)
  for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '100.64.0.1', '::1', 'x']) {
    assert.ok(!isPublic(address), address)
  }
  assert.ok(isPublic('8.8.8.8'))
})

test('redirects are not followed, long answers not read, and silence ends in time', async () => {
  using dns = await resolver()
  const answers: RequestListener[] = [
    (_request, response) => response.writeHead(302, { location: '/' }).end('a-token'),
    (_request, response) => response.end('a'.repeat(300)),
    (_request, response) => void response.write('a-token'),
  ]
  for (const answer of answers) {
    // oxlint-disable-next-line no-await-in-loop -- one after another
    using one = await site(answer)
    const proofs = domainProofs({ isPrivateAllowed: true, servers: dns.servers, port: one.port })
    // oxlint-disable-next-line no-await-in-loop -- one after another
    assert.equal(await proofs.page('example.org', PATH, AbortSignal.timeout(500)), null)
  }
})
