import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { freePort } from '../../bench/api/processes.ts'
import { DOMAIN, edgeProgram, memberAt, tableOf, TENANT } from '../../bench/edge-process.ts'
import { linkClient } from '../../proxy/link-client.ts'
import type { Member } from '../../proxy/core/route-table.ts'
import { systemTimers } from '../../src/adapters/system.ts'
import { keepWaitingConnections } from '../../src/prepare/listener-handover.ts'
import { startEdge } from '../../src/supervisor/edge-process.ts'
import { until } from '../support/wait.ts'

/** In the long form as much as ever happens in a week, in minutes. */
const MUCH = process.env['CLOUDLET_TEST_LONG'] === '1'
const SIZE = MUCH
  ? { perSecond: 1000, replacements: 100, tables: 1000, upgrades: 10 }
  : { perSecond: 300, replacements: 10, tables: 100, upgrades: 2 }
const CONNECTIONS = 50
const SOCKETS = 20
const REPLICAS = 2
const HOST = `app.${TENANT}.${DOMAIN}`
const SOCKET_HOST = `chat.${TENANT}.${DOMAIN}`
const LONGEST_MS = 10 * 60_000

test(
  'nothing is lost while containers, routes and workers are replaced under load',
  { timeout: LONGEST_MS },
  async (t) => {
    const at = await house(t)
    const load = startLoad(at.port)
    const chats = await openChats(t, at.port)
    const tables = (SIZE.tables - SIZE.replacements * 2) / SIZE.upgrades
    for (let upgrade = 0; upgrade < SIZE.upgrades; upgrade++) {
      for (let i = 0; i < SIZE.replacements / SIZE.upgrades; i++) await at.replace()
      for (let i = 0; i < tables; i++) await at.publish()
      await at.upgrade()
    }
    const { answered, failed } = await load.end()
    t.diagnostic(JSON.stringify({ answered, failed: failed.length, ...SIZE }))
    assert.deepEqual(failed.slice(0, 5), [])
    assert.ok(answered > SIZE.perSecond, `only ${answered} answers`)
    // A worker that goes lets what is open go on for half a minute.
    assert.deepEqual(chats.cutEarly(at.upgradedAt), [])
    await chats.echo()
  },
)

/** One worker after the other on one port, in front of containers that come and go. */
async function house(t: TestContext) {
  keepWaitingConnections()
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-churn-'))
  const [port, tlsPort] = [await freePort(), await freePort()]
  const chat = await chatServer(t)
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => replica(t)))
  const members = (): Member[] => [
    memberAt('chat', '127.0.0.1', chat),
    ...replicas.map(({ port: own }, i) => ({
      ...memberAt('app', '127.0.0.1', own),
      id: `app-${i}-${own}`,
    })),
  ]
  const part = { folder, role: 'ingress-0', port, tlsPort, members: members() } as const
  const { command } = edgeProgram(part)
  const socket = join(folder, 'edge/ingress-0.sock')
  const wanted = { role: 'ingress-0', socket, command, overlaps: true } as const
  let child = await startEdge(wanted, () => undefined)
  const pids = [child.pid()]
  t.after(async () => {
    child.release()
    pids.forEach(killed)
    await until('no worker is left', () => !pids.some(isAlive))
    rmSync(folder, { recursive: true })
  })

  let version = 1
  let known = 0
  const link = linkClient({
    path: socket,
    after: systemTimers.after,
    hear(message) {
      if (message?.type === 'hello')
        link.send({ type: 'table', table: tableOf(members(), version) })
      if (message?.type === 'ack') known = message.version
    },
  })
  t.after(() => link.close())

  async function publish(): Promise<void> {
    version += 1
    link.send({ type: 'table', table: tableOf(members(), version) })
    await until('the worker serves it', () => known === version)
  }

  const upgradedAt: number[] = []
  return {
    port,
    publish,
    upgradedAt,
    /** As a release does it: the new one serves before the old one is told to end. */
    async replace(): Promise<void> {
      const fresh = await replica(t)
      replicas.push(fresh)
      await publish()
      const old = replicas.shift()
      await publish()
      old?.end()
    },
    async upgrade(): Promise<void> {
      child.release()
      upgradedAt.push(performance.now())
      child = await startEdge(wanted, () => undefined)
      pids.push(child.pid())
    },
  }
}

const isAlive = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`)

function killed(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {
    // It has drained by then.
  }
}

/** A container of the app: told to end, it finishes what it has. */
async function replica(t: TestContext) {
  const server = createServer((_request, response) => setTimeout(() => response.end('ok'), 3))
  const port = await listening(t, server)
  return { port, end: () => void server.close() }
}

async function chatServer(t: TestContext): Promise<number> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (one) =>
    one.on('message', (text, isBinary) => one.send(text, { binary: isBinary })),
  )
  t.after(() => sockets.close())
  return listening(t, server)
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

/** So many requests a second on connections that stay open, each of which has to be answered 200. */
function startLoad(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const failed: string[] = []
  let answered = 0
  let open = 0
  const ask = (): void => {
    open += 1
    const done = (why?: string): void => {
      open -= 1
      if (why === undefined) answered += 1
      else failed.push(why)
    }
    const asked = request({ host: '127.0.0.1', port, agent, headers: { host: HOST } })
    asked.on('response', (answer) => {
      answer
        .resume()
        .on('end', () => done(answer.statusCode === 200 ? undefined : `${answer.statusCode}`))
      answer.on('error', (error) => done(error.message))
    })
    asked.on('error', (error) => done(error.message)).end()
  }
  let due = performance.now()
  const timer = setInterval(() => {
    for (; due < performance.now(); due += 1000 / SIZE.perSecond) ask()
  }, 5)
  return {
    async end() {
      clearInterval(timer)
      await until('all are answered', () => open === 0)
      agent.destroy()
      return { answered, failed }
    },
  }
}

const GRACE_MS = 29_000

async function openChats(t: TestContext, port: number) {
  const cuts: number[] = []
  const url = `ws://127.0.0.1:${port}/`
  const open = (): WebSocket => new WebSocket(url, { headers: { host: SOCKET_HOST } })
  const chats = Array.from({ length: SOCKETS }, open)
  t.after(() => chats.forEach((one) => one.terminate()))
  await Promise.all(chats.map((one) => once(one, 'open')))
  for (const one of chats) one.on('close', () => cuts.push(performance.now()))
  return {
    /** Closed before the grace of the first upgrade was over. */
    cutEarly: ([first = Infinity]: readonly number[]) => cuts.filter((at) => at < first + GRACE_MS),
    async echo(): Promise<void> {
      const living = chats.filter(({ readyState }) => readyState === WebSocket.OPEN)
      await Promise.all(
        living.map(async (one) => {
          one.send('hello')
          assert.equal(String((await once(one, 'message'))[0]), 'hello')
        }),
      )
    },
  }
}
