import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { Finding } from '../../../proxy/core/health.ts'
import type { HealthReport, Member, MemberCheck } from '../../../proxy/core/route-table.ts'
import { NO_TABLE } from '../../../proxy/core/zone.ts'
import { healthChecker } from '../../../proxy/health/checker.ts'
import { probe, type Target } from '../../../proxy/health/probe.ts'
import { until } from '../dns/world.ts'

const CHECK: MemberCheck = {
  kind: 'tcp',
  port: 80,
  path: '/',
  intervalMs: 1000,
  timeoutMs: 500,
  retries: 2,
  startPeriodMs: 0,
}

function member(id: string, fields: Partial<Member> = {}): Member {
  const at = { address: `10.0.0.${id}`, state: 'running', run: 1, port: 80, check: CHECK } as const
  return { id, tenant: 'demo', name: `c${id}`, ...at, ...fields }
}

interface Look {
  readonly target: Target
  readonly signal: AbortSignal
  end(finding: Finding): void
}

/** A checker whose time, timers and probes are moved by hand. */
function handMade() {
  const looks: Look[] = []
  const timers = new Set<{ at: number; run: () => void }>()
  const changes: HealthReport[] = []
  let now = 0
  const checker = healthChecker({
    log: () => undefined,
    now: () => now,
    probe: (target, signal) =>
      new Promise((end) => {
        looks.push({ target, signal, end })
      }),
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  })
  checker.onChange((reports) => changes.push(...reports))

  /** Ends the oldest look that is under way, and lets what follows happen. */
  async function find(ok: boolean): Promise<Look> {
    const look = looks.shift()
    assert.ok(look !== undefined, 'nobody is looked at')
    look.end({ ok, reason: ok ? 'good' : 'bad' })
    await settled()
    return look
  }
  async function move(ms: number): Promise<void> {
    now += ms
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer)
      timer.run()
    }
    await settled()
  }
  const update = (...members: Member[]): void => checker.update({ ...NO_TABLE, members })
  return { checker, looks, timers, changes, update, find, move }
}

function settled(): Promise<void> {
  return new Promise((done) => {
    setImmediate(done)
  })
}

test('a healthChecker looks only at running members that have a check', () => {
  const { looks, update } = handMade()
  update(
    member('1'),
    member('2', { check: null }),
    member('3', { state: 'starting' }),
    member('4', { state: 'stopped' }),
  )
  assert.deepEqual(
    looks.map(({ target }) => target.address),
    ['10.0.0.1'],
  )
})

test('a healthChecker looks every 10 ms until the first success, then every interval', async () => {
  const { checker, looks, changes, update, find, move } = handMade()
  update(member('1', { check: { ...CHECK, startPeriodMs: 5000 } }))
  await find(false)
  await move(9)
  assert.equal(looks.length, 0)
  await move(1)
  assert.equal(looks.length, 1)
  assert.deepEqual(checker.reports(), [])
  await find(true)
  const healthy = { id: '1', run: 1, healthy: true, reason: 'good' }
  assert.deepEqual(checker.reports(), [healthy])
  await move(899)
  assert.equal(looks.length, 0)
  await move(202)
  await find(true)
  assert.deepEqual(changes, [healthy])
})

test('a healthChecker tells each turn of the verdict once', async () => {
  const { changes, update, find, move } = handMade()
  update(member('1'))
  for (const ok of [true, false, false, false, true, true]) {
    await find(ok)
    await move(1101)
  }
  assert.deepEqual(
    changes.map(({ healthy }) => healthy),
    [true, false, true],
  )
})

test('a healthChecker forgets a run with its process, and gives up what it was asking', async () => {
  const { checker, looks, update, find } = handMade()
  update(member('1'))
  await find(true)
  assert.equal(checker.reports().length, 1)
  update(member('1', { run: 2 }))
  assert.deepEqual(checker.reports(), [])
  assert.equal(looks.length, 1)
  update()
  assert.equal(looks[0]?.signal.aborted, true)
  await find(true)
  assert.deepEqual(checker.reports(), [])
})

test('a healthChecker keeps what it knows when only the check changes', async () => {
  const { checker, looks, update, find } = handMade()
  update(member('1'))
  await find(true)
  update(member('1', { check: { ...CHECK, intervalMs: 2000 } }))
  assert.equal(checker.reports()[0]?.healthy, true)
  assert.equal(looks.length, 1)
})

test('a healthChecker is not disturbed by a table that says the same again', async () => {
  const { looks, timers, update, find } = handMade()
  update(member('1'))
  await find(true)
  update(member('1'), member('2'))
  assert.deepEqual(
    looks.map(({ target }) => target.address),
    ['10.0.0.2'],
  )
  assert.equal(timers.size, 1)
})

test('a healthChecker asks 64 at once, and everybody in turn', async () => {
  const { looks, update, find } = handMade()
  update(...Array.from({ length: 100 }, (_, i) => member(String(i), { tenant: `t${i % 10}` })))
  assert.equal(looks.length, 64)
  const order: string[] = []
  while (looks.length > 0) order.push((await find(true)).target.address)
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`),
  )
})

test('a healthChecker lets a tenant whose apps hang hold up nobody else', () => {
  const { looks, update } = handMade()
  const hanging = Array.from({ length: 100 }, (_, i) => member(String(i), { tenant: 'slow' }))
  update(...hanging, member('200', { tenant: 'acme' }))
  assert.equal(looks.length, 9)
  assert.equal(looks.at(-1)?.target.address, '10.0.0.200')
})

test('a healthChecker that is closed looks no more', async () => {
  const { checker, looks, timers, update, find } = handMade()
  update(member('1'), member('2'))
  await find(true)
  checker.close()
  assert.equal(timers.size, 0)
  assert.ok(looks.every(({ signal }) => signal.aborted))
  while (looks.length > 0) await find(true)
  assert.equal(timers.size, 0)
})

test('a healthChecker sees a real server with the first look after it listens', async (t) => {
  const server = createServer((socket) => socket.destroy())
  const port = await freePort()
  let looks = 0
  const checker = healthChecker({
    log: () => undefined,
    now: () => performance.now(),
    probe(target, signal) {
      looks++
      return probe(target, signal)
    },
  })
  t.after(() => {
    checker.close()
    server.close()
  })
  const check = { ...CHECK, port, startPeriodMs: 60_000 }
  checker.update({ ...NO_TABLE, members: [member('1', { address: '127.0.0.1', check })] })
  await until(() => looks > 5)
  assert.deepEqual(checker.reports(), [])
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const before = looks
  await until(() => checker.reports().length > 0)
  assert.equal(checker.reports()[0]?.healthy, true)
  assert.ok(looks <= before + 1)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const bound = server.address()
  await new Promise((done) => {
    server.close(done)
  })
  assert.ok(typeof bound === 'object' && bound !== null)
  return bound.port
}
