import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reconcileLoop, type LoopDeps } from '../../src/reconcile/loop.ts'
import { HandTime } from '../fakes/timers.ts'
import { runs, world } from '../support/world.ts'

const GRACE_MS = 5000
const log = (): void => undefined
const until = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

function loopOf(reconcile: LoopDeps['reconcile']) {
  const timers = new HandTime()
  const loop = reconcileLoop({ reconcile, timers, log, concurrency: 2, deadlineMs: 60_000 })
  return { loop, timers }
}

test('stop() lets a pass come to the end of its step, and begins no other', async () => {
  const [begun, gate] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const done: string[] = []
  const { loop } = loopOf(async (id, signal, { isEnding }) => {
    for (const step of ['one', 'two']) {
      if (isEnding()) return undefined
      begun.resolve(undefined)
      await gate.promise
      signal.throwIfAborted()
      done.push(`${id} ${step}`)
    }
    return undefined
  })
  loop.wake('a')
  await begun.promise
  const stopped = loop.stop(GRACE_MS)
  loop.wake('b')
  gate.resolve(undefined)
  await stopped
  assert.deepEqual(done, ['a one'])
  assert.ok(loop.idle())
})

test('stop() aborts a step that takes longer, and at once what waits aside', async () => {
  const ended: string[] = []
  const { loop } = loopOf(async (id, signal, { aside }) => {
    if (id === 'pull') await aside(until(signal), () => undefined)
    else await until(signal)
    ended.push(id)
    return undefined
  })
  loop.wake('pull')
  await new Promise((resolve) => setImmediate(resolve))
  await loop.stop(GRACE_MS)
  assert.deepEqual(ended, ['pull'])

  const slow = loopOf(async (id, signal) => {
    await until(signal)
    ended.push(id)
    return undefined
  })
  slow.loop.wake('slow')
  await new Promise((resolve) => setImmediate(resolve))
  const stopped = slow.loop.stop(GRACE_MS)
  assert.deepEqual(ended, ['pull'])
  slow.timers.advance(GRACE_MS)
  await stopped
  assert.deepEqual(ended, ['pull', 'slow'])
})

test('what a stop has left half done goes on at the next start', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', { name: 'web' })
  await at.control.loop.stop(GRACE_MS)
  const before = await at.control.operations.get('acme', operation.id, {
    seconds: 0,
    signal: AbortSignal.timeout(1000),
  })
  assert.notEqual(before.state, 'succeeded')
  await at.reborn()
  await at.begin()
  await runs(at, 'acme', 'web')
  const { items } = await at.control.operations.list('acme', { limit: 10 })
  assert.deepEqual(
    items.map(({ id, state }) => [id, state]),
    [[operation.id, 'succeeded']],
  )
})
