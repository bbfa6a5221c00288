import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../../bench/api/processes.ts'
import { DOMAIN, edgeProgram, memberAt, TENANT } from '../../bench/edge-process.ts'
import type { EdgeRole } from '../../proxy/link.ts'
import { keepWaitingConnections } from '../../src/prepare/listener-handover.ts'
import type { Child } from '../../src/supervisor/child.ts'
import { startEdge } from '../../src/supervisor/edge-process.ts'
import { until } from '../support/wait.ts'

const REQUEST = `GET / HTTP/1.1\r\nHost: app.${TENANT}.${DOMAIN}\r\n\r\n`
const CONNECTIONS = 40
/** Longer than a worker that moves needs to greet on a busy machine, and shorter than in earnest. */
const LOOK = { everyMs: 200, deadlineMs: 1_000, most: 3, startMs: 15_000 }

test('a worker that stands still under load is replaced, while the other one answers', async (t) => {
  const { port, workers, said } = await house(t)
  const before = await Promise.all(Array.from({ length: CONNECTIONS }, () => asking(t, port)))
  const [still, moving] = workers.map((one) => one.pid())
  assert.ok(still !== undefined && moving !== undefined)
  const ofMoving = portsOf(moving, port)
  const moved = before.filter(({ from }) => ofMoving.has(from))
  const stuck = before.filter(({ from }) => portsOf(still, port).has(from))
  assert.ok(moved.length > 0 && stuck.length > 0, 'both have some of the connections')
  assert.equal(moved.length + stuck.length, CONNECTIONS)

  process.kill(still, 'SIGSTOP')
  const answered = moved.map((one) => one.answered())
  // Whoever comes now may wait in the line of the worker that does not move, until another takes it over.
  const during = Array.from({ length: CONNECTIONS }, () => asking(t, port))
  await until('it is ended', () => workers[0]?.pid() !== still)
  assert.ok(said.includes('An edge process stands still, and is ended'))
  for (const one of await Promise.all(during)) assert.equal(one.failure(), undefined)
  await until('those it had are told', () => stuck.every((one) => one.failure() !== undefined))
  await until('the other one goes on', () =>
    moved.every((one, i) => one.failure() !== undefined || one.answered() > (answered[i] ?? 0)),
  )
  assert.deepEqual(
    moved.flatMap((one) => one.failure() ?? []),
    [],
  )

  const next = await until('another serves', () => workers[0]?.pid())
  await until('it takes connections', async () => {
    const { from, failure } = await asking(t, port)
    assert.equal(failure(), undefined)
    return portsOf(next, port).has(from)
  })
  assert.equal(workers[1]?.pid(), moving, 'the other one is the same')
})

/** Two workers on one port, in front of one app. */
async function house(t: TestContext) {
  keepWaitingConnections()
  const app = createServer((_request, response) => response.end('ok'))
  await once(app.listen(0, '127.0.0.1'), 'listening')
  const address = app.address()
  assert.ok(typeof address === 'object' && address !== null)
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-watchdog-'))
  const [port, tlsPort] = [await freePort(), await freePort()]
  const members = [memberAt('app', '127.0.0.1', address.port)]
  const { command } = edgeProgram({ folder, role: 'ingress-0', port, tlsPort, members })
  const said: string[] = []
  const workers: Child[] = []
  t.after(async () => {
    await Promise.all(workers.map((one) => one.stop(0)))
    app.closeAllConnections()
    app.close()
    rmSync(folder, { recursive: true })
  })
  for (const role of ['ingress-0', 'ingress-1'] as const) {
    const socket = join(folder, `edge/${role}.sock`)
    const wanted = { role, socket, command: asRole(command, role), overlaps: true, look: LOOK }
    workers.push(await startEdge(wanted, (_level, message) => void said.push(message)))
  }
  return { port, workers, said }
}

/** The same program as another worker. */
function asRole(command: readonly string[], role: EdgeRole): readonly string[] {
  const argument: object = JSON.parse(command.at(-1) ?? '')
  return [...command.slice(0, -1), JSON.stringify({ ...argument, role })]
}

/** A connection that asks again and again, from its first answer on. */
async function asking(t: TestContext, port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  t.after(() => socket.destroy())
  let [answered, failure]: [number, string | undefined] = [0, undefined]
  socket.on('error', (error) => (failure ??= error.message))
  socket.on('close', () => (failure ??= 'closed'))
  await once(socket, 'connect')
  answers(socket, (status) => {
    if (status === '200') answered += 1
    else failure ??= `it answers ${status}`
    // Not as fast as can be: what is to be seen is who answers at all.
    setTimeout(() => socket.write(REQUEST), 5)
  })
  socket.write(REQUEST)
  await until('the first answer', () => answered > 0 || failure !== undefined)
  return { from: socket.localPort ?? 0, answered: () => answered, failure: () => failure }
}

/** Calls with the status of each answer, once its content is there. */
function answers(socket: Socket, each: (status: string) => void): void {
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1')
    const end = heard.indexOf('\r\n\r\nok')
    const status = /^HTTP\/1\.1 (\d+)/.exec(heard)?.[1] ?? ''
    if (end < 0 && (status === '200' || status === '')) return
    heard = ''
    each(status)
  })
}

/** Ports of the clients whose connections a process has (proc(5), /proc/net/tcp). */
function portsOf(pid: number, port: number): ReadonlySet<number> {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        // It was closed meanwhile.
        return []
      }
    }),
  )
  const lines = readFileSync('/proc/net/tcp', 'latin1').trim().split('\n').slice(1)
  return new Set(
    lines.flatMap((line) => {
      const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/)
      const isOurs = Number.parseInt(local.split(':')[1] ?? '', 16) === port && own.has(inode)
      return isOurs ? [Number.parseInt(remote.split(':')[1] ?? '', 16)] : []
    }),
  )
}
