import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { updateContainer } from '../../src/contract/container-change.ts'
import { createContainer, deleteContainer, listContainers } from '../../src/contract/containers.ts'
import { getUsage } from '../../src/contract/usage.ts'
import { realDocker } from '../support/engine.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** Many clients against the limits of one tenant, over HTTP and down to a real engine. */

const MIB = 1024 * 1024
const CLIENTS = 20
const SMALL = { memoryBytes: 16 * MIB, cpuMilli: 50, pids: 16 }
const SETTLED_MS = 60_000
let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme', { containers: 10, memoryBytes: 200 * MIB })
})

after(async () => {
  await platform?.remove()
})

const params = { tenant: 'acme' }
const at = (container: string) => ({ tenant: 'acme', container })

/** Every client asks for each of its own, all at the same time; answers the codes of the refusals. */
async function refusals(asks: readonly (() => Promise<unknown>)[]): Promise<string[]> {
  const settled = await Promise.allSettled(asks.map((ask) => ask()))
  return settled.flatMap((one) => {
    if (one.status === 'fulfilled') return []
    assert.ok(one.reason instanceof ApiError, String(one.reason))
    return [one.reason.code ?? '']
  })
}

/** What the ledger says that is reserved is what the engine holds containers to, and nothing is on its way. */
async function ledgerIsTheEngine(): Promise<number> {
  let seen = ''
  await until(
    'the ledger says what the engine holds',
    async () => {
      const [ledger, engine] = [await fromLedger(), await fromEngine()]
      // A deletion that was taken and has not begun leaves both as they were.
      const { items } = await acme.api.call(listContainers, { params })
      const moving = items.filter(({ state }) => state !== 'running').map(({ state }) => state)
      seen = JSON.stringify({ ledger, engine, moving })
      return moving.length === 0 && JSON.stringify(ledger) === JSON.stringify(engine)
    },
    SETTLED_MS,
  ).catch((cause: unknown) => assert.fail(`${String(cause)}: ${seen}`))
  return (await fromEngine()).containers
}

async function fromLedger() {
  const { containers, memoryBytes, cpuMilli, pids } = await acme.api.call(getUsage, { params })
  return {
    containers: containers.reserved,
    memoryBytes: memoryBytes.reserved,
    cpuMilli: cpuMilli.reserved,
    pids: pids.reserved,
  }
}

async function fromEngine() {
  const { containers } = await objectsOf(platform.instance)
  const found = await Promise.all(
    containers.map(({ Id }) =>
      realDocker()
        .getContainer(Id)
        .inspect()
        .then(
          ({ HostConfig }) => [HostConfig],
          // It was removed between the list and the look.
          () => [],
        ),
    ),
  )
  const all = found.flat()
  const sum = (of: (one: (typeof all)[number]) => number): number =>
    all.reduce((so, one) => so + of(one), 0)
  return {
    containers: all.length,
    memoryBytes: sum(({ Memory }) => Memory ?? 0),
    cpuMilli: sum(({ NanoCpus }) => (NanoCpus ?? 0) / 1e6),
    pids: sum(({ PidsLimit }) => PidsLimit ?? 0),
  }
}

test('of 200 creates by 20 clients at once ten are admitted, and ten are on the engine', async () => {
  const asks = Array.from({ length: CLIENTS * 10 }, (_, n) => () => {
    const body = { name: `c-${n}`, image: BASE, command: ['sleep', '600'], ...SMALL }
    return acme.api.call(createContainer, { params, body })
  })
  const refused = await refusals(asks)
  assert.deepEqual([refused.length, new Set(refused)], [190, new Set(['quota-exceeded'])])
  assert.equal(await ledgerIsTheEngine(), 10)
})

test('deletes, resizes and creates at once leave the ledger what the engine holds', async () => {
  const { containers } = await objectsOf(platform.instance)
  const ids = containers.map(({ Labels }) => Labels['cloudlet.id'] ?? '')
  const query = { force: 'true' }
  const asks = [
    ...ids.slice(0, 5).map((id) => () => acme.api.call(deleteContainer, { params: at(id), query })),
    ...ids.map((id, n) => () => {
      const body = { memoryBytes: (8 + 4 * n) * MIB, pids: 20 + n }
      return acme.api.call(updateContainer, { params: at(id), body })
    }),
    ...ids.map((_, n) => () => {
      const body = { name: `d-${n}`, image: BASE, command: ['sleep', '600'], ...SMALL }
      return acme.api.call(createContainer, { params, body })
    }),
  ]
  const expected = new Set(['quota-exceeded', 'state-conflict', 'not-found'])
  for (const code of await refusals(asks)) assert.ok(expected.has(code), code)
  const left = await ledgerIsTheEngine()
  assert.ok(left >= 5 && left <= 10, String(left))
  const { memoryBytes } = await acme.api.call(getUsage, { params })
  assert.ok(memoryBytes.reserved <= 200 * MIB)
  // It is looked at every few seconds, and the containers of before may have been there at the last look.
  await until('what is really used is known', async () => {
    const { memoryBytes: now } = await acme.api.call(getUsage, { params })
    return (now.used ?? 0) > 0
  })
})

test('a memory limit below what is in use is refused by the engine, and nothing has changed', async () => {
  const hog = 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20; echo full; exec sleep 600'
  const { containers } = await objectsOf(platform.instance)
  for (const { Labels } of containers) await acme.remove(Labels['cloudlet.id'] ?? '')
  await acme.run({ name: 'hog', image: BASE, command: ['sh', '-c', hog], memoryBytes: 64 * MIB })
  await until('it uses its memory', async () => (await acme.logs('hog')).includes('full'))
  const asked = { params: at('hog'), query: { wait: 30 }, body: { memoryBytes: 8 * MIB } }
  const shrunk = await refusals([() => acme.api.call(updateContainer, asked)])
  // Version 2 of the kernel's groups takes any limit, and makes room by itself.
  if (shrunk.length > 0) assert.deepEqual(shrunk, ['engine-refused'])
  const { resources, state } = await acme.show('hog')
  if (shrunk.length > 0) assert.deepEqual([resources.memoryBytes, state], [64 * MIB, 'running'])
  assert.equal(await ledgerIsTheEngine(), 1)
})
