import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewEvent } from '../../src/core/event.ts'
import { Failure } from '../../src/core/failure.ts'
import { eventFeed, type Told } from '../../src/services/event-feed.ts'
import { until, world, type World } from '../support/world.ts'

const event = (number: number, rest: Partial<NewEvent> = {}): NewEvent => ({
  tenantId: null,
  action: 'platform.counted',
  level: 'info',
  target: { kind: 'platform', id: 'x', name: 'x' },
  message: String(number),
  ...rest,
})

/** Writes so many, in a few transactions. */
async function tell({ store, control }: World, from: number, to: number): Promise<void> {
  for (let first = from; first <= to; first += 500) {
    await store.write(async (q) => {
      for (let one = first; one < Math.min(first + 500, to + 1); one++) {
        await control.events.record(q, event(one))
      }
    })
  }
}

const following = () => {
  const ended = new AbortController()
  const end = (reason: Failure): void => ended.abort(reason)
  return { ended, at: { signal: ended.signal, end } }
}

test('who follows since a point hears all of it and all that comes, in order, once', async () => {
  await using at = await world()
  await tell(at, 1, 1300)
  const { ended, at: place } = following()
  const events = at.control.events.follow({ since: 7 }, place)
  const seen: number[] = []
  const reading = (async () => {
    for await (const { seq } of events) seen.push(seq)
  })()
  await until('some has been read', () => seen.length > 300)
  await tell(at, 1301, 1700)
  await until('all has been read', () => seen.length === 1693)
  ended.abort()
  await reading
  assert.deepEqual(
    seen,
    Array.from({ length: 1693 }, (_, i) => i + 8),
  )
  assert.equal(at.control.events.readers(), 0)
})

test('after a restart, what the table has is followed by what happens next', async () => {
  await using at = await world()
  await tell(at, 1, 3)
  await at.reborn()
  const { ended, at: place } = following()
  const events = at.control.events.follow({ since: 1, target: 'x' }, place)
  assert.deepEqual([(await events.next()).value?.seq, (await events.next()).value?.seq], [2, 3])
  const next = events.next()
  await until('it listens', () => at.control.events.readers() === 1)
  await tell(at, 4, 4)
  assert.equal((await next).value?.seq, 4)
  ended.abort()
})

test('a reader that does not keep up is let go, and told why', async () => {
  await using at = await world()
  const { ended, at: place } = following()
  const slow = at.control.events.follow({}, place)
  const first = slow.next()
  await until('it listens', () => at.control.events.readers() === 1)
  await tell(at, 1, 1000)
  assert.equal((await first).value?.seq, 1)
  assert.equal(ended.signal.aborted, false)
  await tell(at, 1001, 1002)
  assert.ok(ended.signal.reason instanceof Failure)
  assert.equal(ended.signal.reason.code, 'reader-too-slow')
  assert.equal(at.control.events.readers(), 0)
})

test('a filter means the same to the table and to what comes', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  const all = [
    event(1),
    event(2, { tenantId: acme.id, action: 'container.exited', level: 'warning' }),
    event(3, { tenantId: acme.id, action: 'Container.exited', level: 'error' }),
    event(4, { tenantId: acme.id, action: 'container_x', level: 'error' }),
    event(5, { tenantId: acme.id, action: 'container.failed', level: 'error' }),
    event(6, {
      action: 'container.failed',
      level: 'info',
      target: { ...event(0).target, id: 'y' },
    }),
  ]
  const filters = [
    {},
    { level: 'warning' },
    { level: 'error', action: 'container.' },
    { action: 'c' },
    { target: 'y' },
    { target: 'x', action: '' },
  ] as const
  for (const filter of filters) {
    const { ended, at: place } = following()
    const live: string[] = []
    const listening = at.control.events.follow(filter, place)
    const reading = (async () => {
      for await (const { message } of listening) live.push(message)
    })()
    await until('it listens', () => at.control.events.readers() === 1)
    const since = (await at.control.events.list({ limit: 1 })).items[0]?.seq ?? 0
    await at.store.write(async (q) => {
      for (const one of all) await at.control.events.record(q, one)
    })
    const { items } = await at.control.events.list({ ...filter, since, limit: 100 })
    const listed = items.map(({ message }) => message).toReversed()
    await until('as much came', () => live.length >= listed.length)
    ended.abort()
    await reading
    assert.deepEqual(live, listed, JSON.stringify(filter))
    assert.ok(listed.length > 0)
  }
})

test('only so many follow one tenant at once, and who leaves makes room', async () => {
  await using at = await world()
  const { ended, at: place } = following()
  const all = Array.from({ length: 200 }, () => at.control.events.follow({}, place))
  const heard = all.map((events) => events.next())
  await until('all listen', () => at.control.events.readers() === 200)
  const { at: other } = following()
  await assert.rejects(at.control.events.follow({}, other).next(), { code: 'rate-limited' })
  ended.abort()
  await Promise.all(heard)
  const { ended: over, at: last } = following()
  const next = at.control.events.follow({}, last).next()
  await until('it listens', () => at.control.events.readers() === 1)
  over.abort()
  assert.equal((await next).done, true)
})

const told = (seq: number): Told => {
  const target = { kind: 'platform', id: 'x', name: 'x' }
  const rest = { action: 'platform.counted', level: 'info', message: 'x', details: {} } as const
  const time = new Date(seq).toISOString()
  return { tenantId: null, event: { seq, time, tenant: null, target, ...rest } }
}

test('an event that the table has shown before memory was told of it is heard once', async () => {
  const feed = eventFeed()
  feed.push(told(1))
  const reader = feed.join({ filter: {} }, 2, () => undefined)
  for (const seq of [2, 3]) feed.push(told(seq))
  assert.equal((await reader.next())?.seq, 3)
})
