import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { portPair } from '../../src/cli/forwarding/ports.ts'
import { tcpServer, textOf, tunnelWorld, udpEcho } from '../proxy/ingress/tunnel-kit.ts'
import { until } from '../support/wait.ts'
import { desk, type Around } from './command-line.ts'
import { problem, type Answer } from './fake-platform.ts'
import { tunnelTicket } from './tunnel-sample.ts'

const SOON = { timeout: 30_000 }

/** A user, a platform that hands out tickets, and the ingress that they are good for. */
async function house(t: TestContext, toPort: number, protocol: 'tcp' | 'udp' = 'tcp') {
  const edge = await tunnelWorld(t)
  let answer = (): Answer => ({
    value: {
      ...tunnelTicket,
      ticket: edge.ticket(toPort, { protocol }),
      ingress: `127.0.0.1:${edge.port}`,
    },
  })
  const user = await desk({ 'tunnels.create': () => answer() })
  const stop = new AbortController()
  t.after(async () => {
    stop.abort()
    await user[Symbol.asyncDispose]()
  })

  /** Starts it, and answers the port it listens on, and how it will have ended. */
  async function started(line: string, around: Around = {}) {
    let said = ''
    const heard = (text: string): void => void (said += text)
    const ended = user.type(line, { signal: stop.signal, heard, ...around })
    const early = ended.then(({ stderr }) => {
      throw new Error(stderr)
    })
    const port = await Promise.race([
      until('it listens', () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]),
      early,
    ])
    return { port: Number(port), ended }
  }
  return {
    edge,
    user,
    stop,
    started,
    refuse: (status: number, code: string) => (answer = () => problem(status, code)),
  }
}

const asked = (port: number): Promise<string> => {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.end('hello')
  return textOf(socket).catch(() => 'reset')
}

test('port-forward carries connections until it is interrupted', SOON, async (t) => {
  const { started, user, stop } = await house(t, await tcpServer(t, (one) => one.pipe(one)))
  const { port, ended } = await started('port-forward hello :5432')
  assert.deepEqual(await Promise.all([asked(port), asked(port)]), ['hello', 'hello'])
  stop.abort()
  const { code, stdout, stderr } = await ended
  assert.deepEqual([code, stderr], [130, ''])
  assert.equal(stdout, `127.0.0.1:${port} is now port 5432/tcp of hello\n`)
  // One tunnel carries all of them.
  assert.deepEqual(user.platform.ids, ['tunnels.create'])
  assert.deepEqual(user.platform.asked[0]?.body, { port: 5432, protocol: 'tcp' })
})

test('port-forward tells where it listens as JSON', SOON, async (t) => {
  const { started, stop } = await house(t, await tcpServer(t, (one) => one.pipe(one)))
  const { port, ended } = await started('port-forward --json hello :5432')
  stop.abort()
  const { stdout } = await ended
  assert.deepEqual(JSON.parse(stdout), {
    local: `127.0.0.1:${port}`,
    container: 'hello',
    port: 5432,
    protocol: 'tcp',
  })
})

test('port-forward --udp carries datagrams', SOON, async (t) => {
  const { started } = await house(t, await udpEcho(t), 'udp')
  const { port } = await started('port-forward --udp hello :53')
  const sockets = [createSocket('udp4'), createSocket('udp4')]
  const heard = sockets.map((): string[] => [])
  for (const [index, socket] of sockets.entries()) {
    t.after(() => socket.close())
    socket.on('message', (message) => heard[index]?.push(String(message)))
    socket.send(`from ${index}`, port, '127.0.0.1')
  }
  await until('both are answered', () => heard.every(({ length }) => length > 0))
  assert.deepEqual(heard, [['from 0'], ['from 1']])
})

test(
  'a tunnel that was cut is told, and opened again with the next connection',
  SOON,
  async (t) => {
    const { edge, started, user, stop } = await house(t, await tcpServer(t, (one) => one.pipe(one)))
    const { port, ended } = await started('port-forward hello :5432')
    edge.edge.tunnels.cut(edge.edge.tunnels.list()[0]?.id ?? '', 'its session was ended')
    await until('it is cut', () => edge.edge.tunnels.list().length === 0)
    assert.equal(await asked(port), 'hello')
    assert.deepEqual(user.platform.ids, ['tunnels.create', 'tunnels.create'])
    stop.abort()
    assert.match((await ended).stderr, /The tunnel has ended: its session was ended/)
  },
)

test(
  'a connection for which there is no tunnel any more is reset, and why is told',
  SOON,
  async (t) => {
    const { edge, started, refuse, stop } = await house(
      t,
      await tcpServer(t, (one) => one.pipe(one)),
    )
    const { port, ended } = await started('port-forward hello :5432')
    refuse(409, 'state-conflict')
    edge.serve()
    await until('it is cut', () => edge.edge.tunnels.list().length === 0)
    assert.equal(await asked(port), 'reset')
    stop.abort()
    assert.match((await ended).stderr, /its container is gone[^]*Cannot do it: state-conflict/)
  },
)

test('what is wrong from the beginning ends it at once', SOON, async (t) => {
  const { user, edge, refuse } = await house(t, 1)
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = taken.address() as AddressInfo
  const wrong: readonly (readonly [string, number, RegExp])[] = [
    ['port-forward hello', 2, /Missing <ports>/],
    ['port-forward hello web', 2, /it is no pair of ports/],
    ['port-forward hello 1:70000', 2, /it is no pair of ports/],
    ['port-forward --address here hello 1', 2, /it is no IP address/],
    ['port-forward --ingress ?! hello :1', 2, /it is no address/],
    ['port-forward --ingress 127.0.0.1:1 hello :1', 3, /Cannot reach the ingress[^]*--ingress/],
    [`port-forward hello ${port}:1`, 1, /another program has it/],
  ]
  for (const [line, code, said] of wrong) {
    const ended = await user.type(line)
    assert.equal(ended.code, code, `${line}: ${ended.stderr}`)
    assert.match(ended.stderr, said)
  }
  edge.serve()
  assert.match((await user.type('port-forward hello :1')).stderr, /its container is gone/)
  refuse(404, 'not-found')
  assert.equal((await user.type('port-forward nobody :1')).code, 5)
})

test('portPair() reads here and there', () => {
  assert.deepEqual(portPair('15432:5432'), { local: 15432, remote: 5432 })
  assert.deepEqual(portPair('5432'), { local: 5432, remote: 5432 })
  assert.deepEqual(portPair(':5432'), { local: 0, remote: 5432 })
  for (const text of ['', ':', '1:', 'a:1', '1:2:3', '0', '1:0', '65536', '65536:1', '-1:1']) {
    assert.throws(() => portPair(text), /it is no pair of ports/, text)
  }
})
