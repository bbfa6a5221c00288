import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsAnswer } from '../../../proxy/core/dns-answer.ts'
import { CACHE_LIMITS, DnsCache, type CacheLimits } from '../../../proxy/core/dns-cache.ts'
import type { Relayed } from '../../../proxy/core/dns-relay.ts'
import { TYPE } from '../../../proxy/core/dns-wire.ts'

const at = (key: string, view = 'demo') => ({ view, key })

function heard(ttlSeconds: number): Relayed {
  const answer = recordsAnswer(TYPE.A, ttlSeconds, [Buffer.from([192, 0, 2, 1])])
  const ttls = [{ at: answer.start + 6, seconds: ttlSeconds }]
  return { answer, ttls, ttlSeconds, filtered: 0 }
}

const cacheOf = (limits: Partial<CacheLimits> = {}): DnsCache =>
  new DnsCache({ ...CACHE_LIMITS, ...limits })

/** The state of an entry, and the TTL that a client is told. */
function found(cache: DnsCache, place: ReturnType<typeof at>, now: number): string {
  const one = cache.find(place, now)
  if (one === null) return 'none'
  const { bytes, start, rcode } = one.answer
  return rcode === 0 ? `${one.state} ${bytes.readUInt32BE(start + 6)}` : `${one.state} failure`
}

test('a cache tells how much is left of an answer’s time', () => {
  const cache = cacheOf()
  cache.keep(at('a'), heard(60), 1000)
  const times = [1000, 1999, 2000, 60_999, 61_000]
  const told = times.map((now) => found(cache, at('a'), now))
  assert.deepEqual(told, ['fresh 60', 'fresh 60', 'fresh 59', 'fresh 1', 'stale 30'])
})

test('a cache keeps no answer without a time', () => {
  const cache = cacheOf()
  cache.keep(at('a'), heard(0), 0)
  assert.equal(found(cache, at('a'), 0), 'none')
  assert.deepEqual(cache.size(), { answers: 0, bytes: 0 })
})

test('what is old is found for so long, is good for 30 s more after a failure, and then gone', () => {
  const cache = cacheOf({ staleMs: 100_000 })
  cache.keep(at('a'), heard(10), 0)
  assert.equal(found(cache, at('a'), 10_000), 'stale 30')
  cache.keepFailure(at('a'), 10_000)
  assert.equal(found(cache, at('a'), 39_999), 'fresh 30')
  assert.equal(found(cache, at('a'), 40_000), 'stale 30')
  assert.equal(found(cache, at('a'), 110_000), 'none')
  assert.deepEqual(cache.size(), { answers: 0, bytes: 0 })
})

test('a failure is known for two seconds', () => {
  const cache = cacheOf()
  cache.keepFailure(at('a'), 0)
  assert.equal(found(cache, at('a'), 1999), 'fresh failure')
  assert.equal(found(cache, at('a'), 2000), 'none')
})

test('each view has its own answers', () => {
  const cache = cacheOf()
  cache.keep(at('a', 'demo'), heard(60), 0)
  assert.equal(found(cache, at('a', 'other'), 0), 'none')
})

test('who has too many loses the one that was used longest ago', () => {
  const cache = cacheOf({ perView: 2 })
  for (const key of ['a', 'b']) cache.keep(at(key), heard(60), 0)
  cache.find(at('a'), 1000)
  cache.keep(at('c'), heard(60), 1000)
  const told = ['a', 'b', 'c'].map((key) => found(cache, at(key), 1000))
  assert.deepEqual(told, ['fresh 59', 'none', 'fresh 60'])
})

test('when there are too many, who has the most gives way', () => {
  const cache = cacheOf({ answers: 4 })
  cache.keep(at('a', 'quiet'), heard(60), 0)
  for (let i = 0; i < 50; i++) cache.keep(at(`n${i}`, 'loud'), heard(60), 0)
  assert.equal(cache.size().answers, 4)
  assert.equal(found(cache, at('a', 'quiet'), 0), 'fresh 60')
  assert.equal(found(cache, at('n49', 'loud'), 0), 'fresh 60')
})

test('the bytes of all answers stay in their bound, and come back', () => {
  const cache = cacheOf({ bytes: 5000 })
  for (let i = 0; i < 1000; i++) cache.keep(at(`n${i}`, `view-${i % 7}`), heard(60), 0)
  const { answers, bytes } = cache.size()
  assert.ok(bytes <= 5000 && answers > 5, `${answers} answers, ${bytes} bytes`)
  for (let i = 0; i < 1000; i++) cache.find(at(`n${i}`, `view-${i % 7}`), 1e12)
  assert.deepEqual(cache.size(), { answers: 0, bytes: 0 })
})
