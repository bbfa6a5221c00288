import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify, stripVTControlCharacters } from 'node:util'
import { freePort } from '../../bench/api/processes.ts'
import { edgeProgram, memberAt, TENANT } from '../../bench/edge-process.ts'
import { backendFile } from '../../bench/ingress/peer-files.ts'
import { startProgram, type Program } from '../../bench/ingress/program.ts'
import { quantileOf } from '../../bench/statistics.ts'
import { rawBackend } from '../proxy/ingress/kit.ts'

const VICTIM = `app.${TENANT}.cloud.local`
const run = promisify(execFile)
const CONNECTIONS = 1000
const SECONDS = 4
const ASKED = 1000
/** What is measured is milliseconds, of which a busy machine adds some of its own. */
const FLOOR_MS = 25

/** How slowhttptest goes about it: heads that do not end, content that drips, answers that are hardly read. */
const ATTACKS = {
  heads: { path: '/small', how: ['-H', '-i', '1'] },
  content: { path: '/post', how: ['-B', '-i', '1', '-s', '65536'] },
  reads: { path: '/large', how: ['-X', '-w', '1', '-y', '8', '-n', '1', '-z', '1'] },
} as const

for (const [what, { path, how }] of Object.entries(ATTACKS)) {
  test(`${CONNECTIONS} clients with slow ${what} do not make another tenant’s app late`, async (t) => {
    const { ingress, backend } = await house(t, path)
    // The same attack past the ingress costs the machine as much, and the ingress nothing.
    const beside = await during({ port: backend, path, how }, ingress)
    const through = await during({ port: ingress, path, how }, ingress)
    t.diagnostic(
      `p99 ${beside.toFixed(1)} ms with it beside, ${through.toFixed(1)} ms with it through`,
    )
    assert.ok(through <= Math.max(2 * beside, FLOOR_MS), `${through} ms, beside ${beside} ms`)
  })
}

interface Attack {
  readonly port: number
  readonly path: string
  readonly how: readonly string[]
}

/** The 99th percentile at another tenant's app while the attack goes on, in milliseconds. */
async function during({ port, path, how }: Attack, ingress: number): Promise<number> {
  const load = [
    '-c',
    String(CONNECTIONS),
    '-r',
    String(CONNECTIONS),
    '-l',
    String(SECONDS),
    '-p',
    '3',
  ]
  // By way of a proxy, which is ours: so the name needs nobody who knows it.
  const to = ['-u', `http://${VICTIM}${path}`, '-d', `127.0.0.1:${port}`]
  const attack = run('slowhttptest', [...how, ...load, ...to], { timeout: 60_000 })
  await reached(port, attack)
  const times = await latencies(ingress)
  const said = stripVTControlCharacters((await attack).stdout)
  assert.match(said, /Hit test time limit/)
  return quantileOf(times, 0.99)
}

/** Two tenants behind one worker: who is attacked, and who is asked how long it takes. */
async function house(t: TestContext, path: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-slow-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const start = async (program: Program): Promise<void> => {
    const started = await startProgram(program, AbortSignal.timeout(30_000))
    t.after(() => started.stop())
  }
  const [backend, port, tlsPort] = [await freePort(), await freePort(), await freePort()]
  const files = join(folder, 'backend')
  mkdirSync(files)
  writeFileSync(join(files, 'large'), Buffer.alloc(1024 * 1024, 'x'))
  const config = join(files, 'nginx.conf')
  writeFileSync(config, backendFile(files, backend))
  await start({ command: ['nginx', '-c', config, '-e', '/dev/null'], port: backend })
  // Content is read to its end by whoever never answers.
  const patient = await rawBackend(t, (socket) => socket.resume())
  const attacked = path === '/post' ? patient.port : backend
  const [address, victim] = ['127.0.0.1', VICTIM.split('.')[0] ?? '']
  const members = [
    memberAt(victim, address, attacked),
    { ...memberAt('shop', address, backend), tenant: 'other' },
  ]
  await start(edgeProgram({ folder, role: 'ingress-0', port, tlsPort, members }))
  return { ingress: port, backend: attacked }
}

/** One request after the other on a connection of its own. */
async function latencies(port: number): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const times: number[] = []
  for (let i = 0; i < ASKED; i++) {
    const at = performance.now()
    socket.write('GET /small HTTP/1.1\r\nHost: shop.other.cloud.local\r\n\r\n')
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 200 /)
    times.push(performance.now() - at)
  }
  socket.destroy()
  return times
}

/** Resolves when nearly all of the slow clients are connected; fails if the attack ends before. */
async function reached(port: number, attack: Promise<unknown>): Promise<void> {
  let over = false
  attack.finally(() => (over = true)).catch(() => undefined)
  for (;;) {
    const { stdout } = await run('ss', ['-Htn', 'state', 'established', `sport = :${port}`])
    if (stdout.trim().split('\n').length > CONNECTIONS * 0.9) return
    assert.ok(!over, 'The attack ended before it had begun')
  }
}
