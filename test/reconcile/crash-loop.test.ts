import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, runs, shows, until, world, type Wanted, type World } from '../support/world.ts'

const LAST = { stream: 'stderr', line: 'Error: no database' } as const
const patience = (): AbortSignal => AbortSignal.timeout(10_000)

async function started(at: World, wanted: Wanted) {
  await at.addTenant('acme')
  await at.begin()
  const { operation, resource } = await at.create('acme', wanted)
  return { operation, id: resource.id, name: `cl-acme-container-${resource.id}` }
}

const operationOf = (at: World, id: string) => at.control.operations.settled(id, 0, patience())

async function actions(at: World): Promise<string[]> {
  const { items } = await at.control.events.list({ limit: 100 })
  return items.map(({ action }) => action).toReversed()
}

/** Ends the process, and waits for its next run. */
async function crash(at: World, { id, name }: { id: string; name: string }): Promise<number> {
  at.host.say(name, LAST.line, LAST.stream)
  at.host.exit(name, 1)
  await shows(at, ['acme', 'web'], ({ state }) => state !== 'running')
  await at.quiet()
  const dueMs = (await at.store.read.containers.byId(id))?.retryAt ?? 0
  return dueMs - at.time.now().getTime()
}

async function nextRun(at: World, waitMs: number): Promise<void> {
  at.time.advance(waitMs)
  await runs(at, 'acme', 'web')
  await at.quiet()
}

test('an operation succeeds only when its container has stayed up for minHealthySeconds', async () => {
  await using at = await world()
  const { operation } = await started(at, { image: 'cloudlet/base', minHealthySeconds: 5 })
  await runs(at, 'acme', 'web')
  await at.quiet()
  at.time.advance(4999)
  await at.quiet()
  assert.equal((await operationOf(at, operation.id)).state, 'running')
  at.time.advance(1)
  await at.quiet()
  assert.equal((await operationOf(at, operation.id)).state, 'succeeded')
})

test('an app is served as soon as it is healthy, while its operation waits for minHealthySeconds', async () => {
  await using at = await world()
  const { operation, id } = await started(at, { minHealthySeconds: 5 })
  await runs(at, 'acme', 'web')
  await at.quiet()
  assert.deepEqual([at.edge.member(id)?.state, at.edge.health(id)?.healthy], ['running', true])
  assert.equal((await operationOf(at, operation.id)).state, 'running')
  at.time.advance(5000)
  await at.quiet()
  assert.equal((await operationOf(at, operation.id)).state, 'succeeded')
})

test('an operation whose container ends too soon fails, with the last line of its log', async () => {
  await using at = await world()
  const { operation, name } = await started(at, { image: 'cloudlet/base', minHealthySeconds: 5 })
  await runs(at, 'acme', 'web')
  at.host.say(name, LAST.line, LAST.stream)
  at.host.exit(name, 7)
  await until('it has ended', async () => (await operationOf(at, operation.id)).state === 'failed')
  const { error } = await operationOf(at, operation.id)
  assert.deepEqual(
    [error?.code, error?.details],
    ['container-exited', { exitCode: 7, reason: 'exited' }],
  )
  assert.match(error?.message ?? '', /ended with code 7, and said last: Error: no database/)
})

test('one that ends well but at once, and is to run always, has not stayed up', async () => {
  await using at = await world()
  const wanted = { image: 'cloudlet/base', minHealthySeconds: 5, restart: 'always' } as const
  const { operation, name } = await started(at, wanted)
  await runs(at, 'acme', 'web')
  at.host.exit(name, 0)
  await until('it has ended', async () => (await operationOf(at, operation.id)).state === 'failed')
})

test('one that ends soon four times in a row is crash-looping; a steady run ends that', async () => {
  await using at = await world()
  const subject = await started(at, { restart: 'always' })
  await runs(at, 'acme', 'web')
  await at.quiet()
  for (const seconds of [1, 2, 4]) {
    const waitMs = await crash(at, subject)
    assert.equal(waitMs, seconds * 1000)
    assert.equal((await at.control.containers.get('acme', 'web')).state, 'restarting')
    await nextRun(at, waitMs)
  }
  const waitMs = await crash(at, subject)
  const web = await at.control.containers.get('acme', 'web')
  assert.deepEqual([web.state, web.restarts, waitMs], ['crash-looping', 3, 8000])
  assert.match(web.reason?.message ?? '', /4 times in a row: .*said last: Error: no database/)
  const found = await at.control.containers.list('acme', { limit: 9, state: 'crash-looping' })
  assert.deepEqual(
    found.items.map(({ name }) => name),
    ['web'],
  )
  const others = await at.control.containers.list('acme', { limit: 9, state: 'restarting' })
  assert.deepEqual(others.items, [])

  // Another end of the loop is not told again.
  await nextRun(at, waitMs)
  await nextRun(at, await crash(at, subject))
  const told = (await actions(at)).filter((action) => action === 'container.crash-looping')
  assert.equal(told.length, 1)

  at.time.advance(60_000)
  await until('it has recovered', async () => (await actions(at)).includes('container.recovered'))
  const steady = await at.control.containers.get('acme', 'web')
  assert.deepEqual([steady.state, steady.restarts, steady.reason], ['running', 0, null])
})

test('an operation that starts one which crash-loops fails, and says so', async () => {
  await using at = await world({ program: () => ({ lines: [LAST], exits: 3 }) })
  const wanted = { image: 'cloudlet/base', restart: 'always', minHealthySeconds: 1 } as const
  await started(at, wanted)
  await until('it loops', async () => {
    at.time.advance(1000)
    return (await at.control.containers.get('acme', 'web')).state === 'crash-looping'
  })
  const { operation } = await at.control.containers.start(asked('acme', 'web'))
  await until('it has ended', async () => (await operationOf(at, operation.id)).state === 'failed')
  const { error } = await operationOf(at, operation.id)
  assert.equal(error?.code, 'container-exited')
  assert.match(error.message, /Error: no database/)
})

test('after maxRestarts in a row it has failed, until somebody starts it', async () => {
  await using at = await world()
  const subject = await started(at, { restart: 'on-failure', maxRestarts: 2 })
  await runs(at, 'acme', 'web')
  await at.quiet()
  for (const _ of [1, 2]) await nextRun(at, await crash(at, subject))
  await crash(at, subject)
  const web = await at.control.containers.get('acme', 'web')
  assert.deepEqual([web.state, web.reason?.code], ['failed', 'restarts-exhausted'])
  at.time.advance(3_600_000)
  await at.quiet()
  assert.equal((await at.control.containers.get('acme', 'web')).state, 'failed')
  assert.ok((await actions(at)).includes('container.failed'))
  await at.control.containers.start(asked('acme', 'web'))
  await runs(at, 'acme', 'web')
})
