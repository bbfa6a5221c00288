import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { stopContainer } from '../../src/contract/containers.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** Switches to whatever it is asked for, and once it is to stop says so for a while before it ends. */
const PROGRAM = `
import { createServer } from 'node:http'
const sockets = new Set()
const server = createServer((request, response) => response.end('served'))
server.on('upgrade', (request, socket) => {
  sockets.add(socket.on('error', () => undefined))
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n')
  socket.on('data', (bytes) => socket.write('[' + bytes + ']'))
})
server.listen(8080)
process.on('SIGTERM', () => {
  for (const socket of sockets) socket.write('leaving;')
  setTimeout(() => {
    for (const socket of sockets) socket.end('last word;')
    setTimeout(() => process.exit(0), 100)
  }, 2000)
})
`

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('')

/** A connection to the ingress, and what was heard on it. */
function talking(t: TestContext, { ingress }: Platform, text: string) {
  const socket = connect(ingress.port, ingress.host, () => socket.write(text))
  t.after(() => socket.destroy())
  let heard = ''
  let isOver = false
  socket.on('data', (bytes) => (heard += bytes.toString('latin1')))
  socket.on('error', () => undefined).on('close', () => (isOver = true))
  return { socket, heard: () => heard, isOver: () => isOver }
}

test('a WebSocket of a container that is to stop lives until its process ends, and nothing new gets there', async (t) => {
  const platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  t.after(() => platform.remove())
  const tenant = await newTenant(platform, 'grace')
  await tenant.run({
    name: 'web',
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module', '-e', PROGRAM],
    ports: [{ port: 8080, app: true }],
    stopTimeoutSeconds: 20,
  })
  const host = 'Host: web.grace.cloud.local'
  const ask = (): ReturnType<typeof talking> =>
    talking(t, platform, lines('GET / HTTP/1.1', host, 'Connection: close', ''))
  const before = ask()
  await until('it is served', () => before.heard().endsWith('served'))

  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key]
  const tunnel = talking(t, platform, lines('GET /ws HTTP/1.1', host, ...fields, ''))
  await until('it is switched', () => tunnel.heard().startsWith('HTTP/1.1 101'))
  const stopping = tenant.api.call(stopContainer, {
    params: { tenant: 'grace', container: 'web' },
    query: { wait: 60 },
  })
  await until('it hears of the stop', () => tunnel.heard().includes('leaving;'))
  const late = ask()
  await until('a new request is refused', () => late.heard().startsWith('HTTP/1.1 503'))
  tunnel.socket.write('still there')
  await until('both ways are open', () => tunnel.heard().includes('[still there]'))
  assert.equal(tunnel.isOver(), false)
  await until('its end', tunnel.isOver)
  assert.match(tunnel.heard(), /last word;$/)
  await stopping
})
