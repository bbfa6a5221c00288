import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressGroup } from '../../src/core/address-group.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

const PLENTY = { perSecond: 1000, burst: 1000 }
const FEW = { perSecond: 1, burst: 3 }
const ALL = { address: PLENTY, loopback: PLENTY, key: PLENTY, tenant: PLENTY }

const from = (world: ApiWorld, remoteAddress: string, path = '/v1/health') =>
  world.app.request(path, {}, { incoming: { socket: { remoteAddress } } })

const incoming = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })

/** One of many. */
const numbered = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`

async function statuses(ask: () => Response | Promise<Response>, times: number): Promise<number[]> {
  const seen: number[] = []
  for (let asked = 0; asked < times; asked++) seen.push((await ask()).status)
  return seen
}

test('a key that asks too often is 429 and told when to come back; another key is not', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, key: FEW } })
  const [a, b] = [await world.tenant('aa'), await world.keyOf('aa', 'read')]
  const ask = ({ apiKey: token }: { readonly apiKey: string }) =>
    world.call('GET /v1/whoami', { token })
  assert.deepEqual(await statuses(() => ask(a), 5), [200, 200, 200, 429, 429])
  const refused = await ask(a)
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.equal(refused.headers.get('content-type'), 'application/problem+json')
  assert.equal((await ask(b)).status, 200)
  world.advance(1000)
  assert.equal((await ask(a)).status, 200)
})

test('every answer says by which limits it was counted and what is left', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, key: FEW } })
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('GET /v1/whoami', { token })
  const policies = '"address";q=1000;w=1, "key";q=3;w=3, "tenant";q=1000;w=1'
  assert.equal(answer.headers.get('ratelimit-policy'), policies)
  assert.equal(
    answer.headers.get('ratelimit'),
    '"address";r=999;t=1, "key";r=2;t=1, "tenant";r=999;t=1',
  )
  const open = await from(world, '203.0.113.9')
  assert.equal(open.headers.get('ratelimit'), '"address";r=999;t=1')
})

test('all keys of a tenant share its limit, and its own limit wins over the usual one', async () => {
  let own: number | null = null
  const rates = { ...ALL, tenant: FEW }
  await using world = await apiWorld([], { rates, rateOf: () => own })
  const [a, b] = [await world.tenant('aa'), await world.keyOf('aa', 'read')]
  const ask = ({ apiKey: token }: { readonly apiKey: string }) =>
    world.call('GET /v1/whoami', { token })
  assert.deepEqual(
    [await statuses(() => ask(a), 2), await statuses(() => ask(b), 2)],
    [
      [200, 200],
      [200, 429],
    ],
  )
  const other = await world.tenant('bb')
  assert.equal((await ask(other)).status, 200)
  assert.equal((await ask(world.admin)).status, 200)
  own = 100
  world.advance(1000)
  assert.deepEqual(
    await statuses(() => ask(a), 20),
    Array.from({ length: 20 }, () => 200),
  )
})

test('an address is counted before anybody knows who asks, with any token and with none', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, address: FEW } })
  assert.deepEqual(
    await statuses(() => from(world, '203.0.113.9', '/v1/whoami'), 4),
    [401, 401, 401, 429],
  )
  assert.equal((await from(world, '203.0.113.9', '/v1/openapi.json')).status, 429)
  assert.equal((await from(world, '203.0.113.10', '/v1/openapi.json')).status, 200)
})

test('no header and no other address of the same /64 gets around the limit', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, address: FEW } })
  let asked = 0
  const rotating = () =>
    world.app.request('/problems/cancelled', {}, incoming(`2001:db8::${(++asked).toString(16)}`))
  assert.deepEqual(await statuses(rotating, 4), [200, 200, 200, 429])
  const lying = () =>
    world.app.request(
      '/problems/cancelled',
      {
        headers: {
          'x-forwarded-for': `198.51.100.${++asked}`,
          forwarded: `for=198.51.100.${asked}`,
        },
      },
      incoming('203.0.113.9'),
    )
  assert.deepEqual(await statuses(lying, 4), [200, 200, 200, 429])
  const mapped = () => world.app.request('/problems/cancelled', {}, incoming('::ffff:203.0.113.77'))
  assert.equal((await mapped()).status, 200)
})

test('the own machine has a limit of its own', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, address: FEW } })
  for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    assert.deepEqual(
      await statuses(() => from(world, own, '/docs'), 5),
      [200, 200, 200, 200, 200],
      own,
    )
  }
})

test('a hundred thousand addresses take no more memory than twenty thousand', async () => {
  await using world = await apiWorld([], {
    rates: { ...ALL, address: { perSecond: 0.001, burst: 1 } },
  })
  assert.equal((await from(world, numbered(0), '/problems/x')).status, 404)
  assert.equal((await from(world, numbered(0), '/problems/x')).status, 429)
  for (let at = 1; at <= 20_000; at++) await from(world, numbered(at), '/problems/x')
  // The first was forgotten for the last, and begins anew.
  assert.equal((await from(world, numbered(0), '/problems/x')).status, 404)
  assert.equal(addressGroup(numbered(0)), '10.0.0.0')
})

test('too many requests that want to change something write nothing', async () => {
  await using world = await apiWorld([], { rates: { ...ALL, key: FEW } })
  const { apiKey: token } = world.admin
  const ask = () => world.call('POST /v1/tenants', { token, body: { slug: '-' } })
  assert.deepEqual(await statuses(ask, 5), [422, 422, 422, 429, 429])
  const { items } = await world.audit.list({ limit: 100 })
  assert.equal(items.filter(({ status }) => status === 429).length, 0)
})
