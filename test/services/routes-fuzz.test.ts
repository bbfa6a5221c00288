import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Route, RouteCreate } from '../../src/contract/routes.ts'
import { Failure } from '../../src/core/failure.ts'
import { cloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/world.ts'

/** Mostly what fits, and now and then what fits nowhere or elsewhere. */
const ODD = [
  '/a/../b',
  '%2e',
  'host',
  'get',
  '*',
  '',
  '__proto__',
  'example.org',
  'a\r\nb',
  -1,
  null,
]
const odd = fc.constantFrom<unknown>(...ODD, 0.5, 2 ** 31, true)
const mostly = (...good: readonly unknown[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: odd })
const some = (parts: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(parts, { requiredKeys: [] })
const few = (one: fc.Arbitrary<unknown>) => fc.array(one, { maxLength: 2 })

const amount = mostly(1, 2, 60, 100)
const app = mostly('web', 'next')
const field = mostly('x-a', 'x-b', 'accept')
const name = mostly('a.acme.cloud.local', '*.acme.cloud.local', 'b.acme.localhost')
const path = some({ kind: mostly('prefix', 'full'), value: mostly('/', '/api', '/new') })
const named = fc.dictionary(
  fc.constantFrom('x-a', 'x-b', 'te', '__proto__', ''),
  mostly('1', 'a b'),
)
const change = some({ remove: few(field), set: named, add: named })

const PARTS = {
  maintenance: some({ message: mostly('soon'), retryAfterSeconds: amount }),
  https: some({ hstsSeconds: amount }),
  allow: few(mostly('10.0.0.0/8', '::/0', '192.0.2.1')),
  rate: some({ perSecond: amount, burst: amount }),
  cors: some({ origins: few(mostly('*', 'https://a.example')), credentials: mostly(true, false) }),
  forwardAuth: some({ app, path: mostly('/check'), copyHeaders: few(field) }),
  redirect: some({ status: mostly(301, 308), host: mostly('b.example'), path }),
  bodyBytes: amount,
  rewrite: some({ host: mostly('b.example'), path }),
  requestHeaders: change,
  responseHeaders: change,
  sticky: some({ cookie: mostly('stay'), ttlSeconds: amount }),
  balance: some({ kind: mostly('hash', 'two-choices'), on: field, queueSeconds: amount }),
  timeouts: some({ requestSeconds: amount, responseHeadSeconds: amount }),
  retries: some({ attempts: mostly(1, 3), statuses: few(mostly(502, 503)) }),
  mirror: some({ app, percent: amount }),
  compress: few(mostly('br', 'gzip')),
  other: odd,
}
const policy = fc
  .uniqueArray(fc.constantFrom(...Object.entries<fc.Arbitrary<unknown>>(PARTS)), { maxLength: 2 })
  .chain((parts) => fc.record(Object.fromEntries(parts)))

const route = fc.record({
  name: fc.constant('fuzzed'),
  hosts: fc.array(name, { minLength: 1, maxLength: 2 }),
  match: some({ pathPrefix: mostly('/', '/api'), methods: few(mostly('GET', 'PUT')) }),
  targets: fc.array(some({ app, weight: amount }), { minLength: 1, maxLength: 2 }),
  policy,
})

test('whatever is asked for is refused with a reason, or published as it is answered', async () => {
  await using world = await cloudWorld()
  await world.addTenant('acme')
  const asking = { tenant: 'acme', actor: world.actor }
  let made = 0
  await fc.assert(
    fc.asyncProperty(route, async (wanted) => {
      const parsed = RouteCreate.safeParse(wanted)
      if (!parsed.success) return
      const answer = await world.all.routes
        .create(asking, parsed.data)
        .catch((error: unknown) => error)
      if (answer instanceof Failure) return
      const shown = Route.parse(answer)
      made++
      const last = () => world.edge.tables.at(-1)?.routes ?? []
      await until('it is published', () => last()[0]?.id === shown.id)
      assert.deepEqual(last()[0]?.hosts, shown.hosts)
      await world.all.routes.delete({ ...asking, route: 'fuzzed' })
      await until('it is gone', () => last().length === 0)
    }),
    { numRuns: 400 },
  )
  assert.ok(made > 40, `${made} of them were taken`)
})
