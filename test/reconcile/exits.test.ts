import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootWatch } from '../../src/reconcile/root-watch.ts'
import { asked, runs, shows, until, world, type Wanted, type World } from '../support/world.ts'

async function start(at: World, wanted: Wanted): Promise<string> {
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', wanted)
  await runs(at, 'acme', 'web')
  await at.quiet()
  return [...at.host.containers.keys()][0] ?? ''
}

const starts = (at: World): number =>
  at.host.calls.filter(({ method }) => method === 'startContainer').length

const ended = (at: World) =>
  shows(at, ['acme', 'web'], ({ state }) =>
    ['exited', 'restarting', 'crash-looping'].includes(state),
  )

for (const [restart, exitCode, again] of [
  ['no', 0, false],
  ['no', 1, false],
  ['on-failure', 0, false],
  ['on-failure', 1, true],
  ['always', 0, true],
  ['always', 1, true],
] as const) {
  const ending = again ? 'is started anew after its wait' : 'stays as it is'
  test(`restart "${restart}": one that ends with code ${exitCode} ${ending}`, async () => {
    await using at = await world()
    const name = await start(at, { restart })
    at.host.exit(name, exitCode)
    const web = await ended(at)
    assert.equal(web.exitCode, exitCode)
    assert.equal(web.reason?.code, exitCode === 0 ? 'completed' : 'exited')
    assert.equal(web.state, again ? 'restarting' : 'exited')
    await at.quiet()
    at.time.advance(999)
    await at.quiet()
    assert.equal(starts(at), 1)
    at.time.advance(1)
    await at.quiet()
    if (again) await runs(at, 'acme', 'web')
    assert.equal(starts(at), again ? 2 : 1)
  })
}

test('the waits between restarts grow, and are short again after a steady run', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'always' })
  const waitMs = async (): Promise<number> => {
    at.host.exit(name, 1)
    const { id } = await ended(at)
    await at.quiet()
    const row = await at.store.read.containers.byId(id)
    const due = row?.retryAt ?? 0
    const wait = due - at.time.now().getTime()
    at.time.advance(wait)
    await runs(at, 'acme', 'web')
    await at.quiet()
    return wait
  }
  for (const expected of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    assert.equal(await waitMs(), expected * 1000)
  at.time.advance(60_000)
  for (const expected of [1, 2]) assert.equal(await waitMs(), expected * 1000)
})

test('one that is stopped while it waits for its next run stays stopped', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'always' })
  at.host.exit(name, 1)
  await ended(at)
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  at.time.advance(120_000)
  await at.quiet()
  assert.equal(starts(at), 1)
})

test('a start ends the wait for the next run', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'always' })
  at.host.exit(name, 1)
  await ended(at)
  await at.control.containers.start(asked('acme', 'web'))
  const web = await runs(at, 'acme', 'web')
  assert.deepEqual([starts(at), web.reason, web.restarts], [2, null, 0])
})

test('one that was killed for its memory says how to give it more', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'no' })
  at.host.exit(name, 137, true)
  const { reason } = await ended(at)
  assert.equal(reason?.code, 'out-of-memory')
  assert.match(reason.message, /memoryBytes/)
})

const refused = {
  lines: [{ stream: 'stderr', line: 'Error: EROFS: read-only file system, open "/x"' }],
  exits: 1,
} as const

test('one that dies of its read-only root says so, and how to lift it', async () => {
  await using at = await world({ program: () => refused })
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', {
    policy: 'restricted',
    user: '1000',
    restart: 'no',
  })
  const { reason } = await ended(at)
  assert.equal(reason?.code, 'root-read-only')
  assert.match(reason.message, /"policy": "baseline"/)
  const signal = AbortSignal.timeout(5000)
  const failed = await at.control.operations.settled(operation.id, 5, signal)
  assert.deepEqual(failed.error?.details, { exitCode: 1, reason: 'root-read-only' })
})

test('one whose root is writable ended for another reason, whatever its log says', async () => {
  await using at = await world({ program: () => refused })
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart: 'no' })
  assert.equal((await ended(at)).reason?.code, 'exited')
})

test('a log that the engine does not give leaves the reason open, and nothing else', async () => {
  await using at = await world({ program: () => refused })
  await at.addTenant('acme')
  await at.begin()
  at.host.intercept = ({ method }) =>
    method === 'logs' ? { status: 409, answer: 'it has no log' } : undefined
  await at.create('acme', { policy: 'restricted', user: '1000', restart: 'no' })
  assert.equal((await ended(at)).reason?.code, 'exited')
})

test('a job that has ended while nobody listened is not run again', async () => {
  await using at = await world({ program: () => ({ exits: 0 }) })
  await at.addTenant('acme')
  await at.begin()
  // The list was made before the container was: it is not in it.
  let held: (() => void) | undefined
  const name = (await at.create('acme', { restart: 'no' })).resource.id
  await ended(at)
  await at.quiet()
  at.host.intercept = ({ method }) => {
    if (method !== 'list') return undefined
    return new Promise((resolve) => (held = () => resolve(undefined)))
  }
  const pass = at.control.observer.pass()
  await until('the list is asked for', () => held !== undefined)
  held?.()
  await pass
  at.control.known.drop(`cl-acme-container-${name}`)
  at.control.loop.wake(name)
  await at.quiet()
  assert.equal(starts(at), 1)
})

test('one that was adopted and has ended meanwhile is not taken for new', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'no' })
  const { id } = await at.control.containers.get('acme', 'web')
  at.control.known.drop(name)
  at.host.exit(name, 5)
  at.control.known.drop(name)
  at.control.loop.wake(id)
  const web = await ended(at)
  assert.deepEqual([web.exitCode, starts(at)], [5, 1])
})

test('a newer intent is not ended by what was read before it', async () => {
  await using at = await world()
  await start(at, {})
  const { store, control } = at
  const { id } = await control.containers.get('acme', 'web')
  const started = await control.containers.start(asked('acme', 'web'))
  await at.quiet()
  assert.equal(
    (await control.operations.settled(started.operation.id, 5, AbortSignal.timeout(5000))).state,
    'succeeded',
  )

  // The database is busy: a start that has nothing to do is read, then a restart comes.
  at.edge.answers = false
  const busy = Promise.withResolvers<void>()
  const writing = store.write(() => busy.promise)
  const second = control.containers.start(asked('acme', 'web'))
  const restarted = control.containers.restart(asked('acme', 'web'))
  control.loop.wake(id)
  busy.resolve()
  await Promise.all([writing, second])
  const { operation } = await restarted
  const waiting = await control.operations.settled(operation.id, 0.05, AbortSignal.timeout(5000))
  assert.notEqual(waiting.state, 'succeeded')
  at.edge.answers = true
  at.edge.look()
  const over = await control.operations.settled(operation.id, 5, AbortSignal.timeout(6000))
  assert.equal(over.state, 'succeeded')
  assert.equal(starts(at), 2)
})

test('a health check that nobody could answer is refused once the image is known', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { image: 'cloudlet/base', healthCheck: { type: 'http' } })
  const web = await shows(at, ['acme', 'web'], ({ state }) => state === 'failed')
  assert.equal(web.reason?.code, 'invalid-input')
  assert.match(web.reason.message, /a health check needs one/)
})

test('an operation fails when its container runs and is not healthy', async () => {
  await using at = await world()
  at.edge.find = () => ({ healthy: false, reason: 'connection refused' })
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', {})
  const signal = AbortSignal.timeout(5000)
  const { state, error } = await at.control.operations.settled(operation.id, 5, signal)
  assert.deepEqual([state, error?.code], ['failed', 'timed-out'])
  assert.match(error?.message ?? '', /connection refused/)
  const web = await at.control.containers.get('acme', 'web')
  assert.deepEqual([web.state, web.health], ['running', 'unhealthy'])
})

test('a container that fills its root is stopped, and says why', async () => {
  await using at = await world()
  const name = await start(at, { restart: 'always' })
  const { store, time } = at
  const { engine, loop } = at.control
  const watch = rootWatch({
    store,
    engine,
    clock: time,
    timers: time,
    log: () => undefined,
    wake: loop.wake,
  })
  await watch.look()
  assert.equal((await at.control.containers.get('acme', 'web')).desired, 'running')
  const object = at.host.containers.get(name)
  assert.ok(object)
  object.writtenBytes = 1024 ** 3 + 1
  await watch.look()
  const web = await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  assert.equal(web.reason?.code, 'root-full')
  assert.equal(object.status, 'exited')
})
