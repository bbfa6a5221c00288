import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Failure } from '../../src/core/failure.ts'
import { largestOf } from '../../src/core/resize.ts'
import { accountOfPlatform, accountOfTenant } from '../../src/services/ledger.ts'
import { asked, until, world, type World } from '../support/world.ts'

const MIB = 1024 * 1024
const CLIENTS = 20
const LIMITS = { containers: 10, cpuMilli: 1500, memoryBytes: 400 * MIB, pids: 500 }
const SMALL = { cpuMilli: 100, memoryBytes: 20 * MIB, pids: 20 }

test('of 200 creates of 20 clients at once exactly as many are admitted as the limit says', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme', { containers: 10 })
  await at.begin()
  const asks = Array.from({ length: CLIENTS }, async (_, client) => {
    const own = Array.from({ length: 10 }, (_one, n) =>
      at.create('acme', { name: `c-${client}-${n}`, ...SMALL }),
    )
    return Promise.allSettled(own)
  })
  const settled = (await Promise.all(asks)).flat()
  const refused = settled.filter((one) => one.status === 'rejected')
  assert.deepEqual([settled.length, refused.length], [200, 190])
  for (const { reason } of refused) {
    assert.ok(reason instanceof Failure)
    assert.equal(reason.code, 'quota-exceeded')
    const short = { resource: 'containers', limit: 10, used: 10, requested: 1, scope: 'tenant' }
    assert.deepEqual(reason.details, { shortages: [short] })
  }
  const { reserved } = await accountOfTenant(at.store.read, id)
  assert.deepEqual(
    [reserved.containers, reserved.cpuMilli, reserved.memoryBytes, reserved.pids],
    [10, 1000, 200 * MIB, 200],
  )
  await at.quiet()
  assert.equal(at.host.containers.size, 10)
})

const move = fc.record({
  verb: fc.constantFrom('create', 'create', 'delete', 'resize', 'resize', 'restart'),
  n: fc.nat(14),
  size: fc.integer({ min: 1, max: 12 }),
})
/** What each client does, one after the other; clients do so at the same time. */
const scripts = fc.array(fc.array(move, { minLength: 1, maxLength: 3 }), {
  minLength: CLIENTS,
  maxLength: CLIENTS,
})

test('whatever 20 clients ask at once, nobody gets more than the limits, and the ledger is the rows', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, async (clients) => {
      await using at = await world()
      const { id } = await at.addTenant('acme', LIMITS)
      await at.begin()
      let isOver = false
      // Looks at every moment that anybody could see: after each write that is committed.
      const watching = watch(at, id, () => isOver)
      await Promise.all(
        clients.map(async (script) => {
          for (const one of script) await answered(at, one)
        }),
      )
      isOver = true
      await watching
      await at.quiet()
      await isExact(at, id)
    }),
    { numRuns: 3 },
  )
})

type Move = typeof move extends fc.Arbitrary<infer T> ? T : never

/** A refusal is an answer, too. */
async function answered(at: World, { verb, n, size }: Move): Promise<void> {
  const name = `c-${n}`
  const sizes = { cpuMilli: 50 * size, memoryBytes: 10 * MIB * size, pids: 10 + size }
  const { containers } = at.control
  try {
    if (verb === 'create') await at.create('acme', { name, ...sizes })
    else if (verb === 'delete') await containers.delete(asked('acme', name), true)
    else if (verb === 'resize') await containers.update(asked('acme', name), sizes)
    else await containers.restart(asked('acme', name))
  } catch (error) {
    assert.ok(error instanceof Failure, String(error))
    assert.ok(EXPECTED.has(error.code), error.message)
  }
}
const EXPECTED = new Set(['name-taken', 'not-found', 'quota-exceeded', 'state-conflict'])

async function watch(at: World, id: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const { reserved } = await accountOfTenant(at.store.read, id)
    for (const kind of KINDS) assert.ok(reserved[kind] <= LIMITS[kind], kind)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const KINDS = ['containers', 'cpuMilli', 'memoryBytes', 'pids'] as const

/** Nothing moves: the ledger, the rows and the engine say the same. */
async function isExact(at: World, id: string): Promise<void> {
  const { reserved, overLimit } = await accountOfTenant(at.store.read, id)
  assert.deepEqual(overLimit, [])
  const rows = (await at.store.read.containers.live()).map(({ row }) => largestOf(row))
  const onEngine = [...at.host.containers.values()].map(({ set }) => set)
  for (const kind of ['cpuMilli', 'memoryBytes', 'pids'] as const) {
    assert.equal(reserved[kind], sum(rows.map((row) => row[kind])), kind)
    assert.equal(reserved[kind], sum(onEngine.map((set) => set[kind])), kind)
  }
  assert.deepEqual([reserved.containers, reserved.containers], [rows.length, onEngine.length])
  assert.deepEqual((await accountOfPlatform(at.store.read)).reserved, reserved)
}

const sum = (amounts: readonly number[]): number => amounts.reduce((so, one) => so + one, 0)

test('two tenants that race for the last of the platform do not both get it', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.addTenant('zeta')
  await at.store.write((q) => q.limits.put(null, { memoryBytes: 30 * MIB }))
  await at.begin()
  const racing = ['acme', 'zeta'].flatMap((tenant) =>
    Array.from({ length: 5 }, (_, n) => at.create(tenant, { name: `c-${n}`, ...SMALL })),
  )
  const won = (await Promise.allSettled(racing)).filter(({ status }) => status === 'fulfilled')
  assert.equal(won.length, 1)
  await until('nothing moves', () => at.control.loop.idle())
})
