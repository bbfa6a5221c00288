import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostFacts, Machine } from '../../src/core/capacity.ts'
import { alarmService } from '../../src/services/alarms.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

const POLICY = { overcommitCpu: 1, overcommitMemory: 1, diskHighWaterPercent: 80 }
const MIB = 1024 * 1024
const facts = (freeBytes: number, memoryFreeBytes: number): HostFacts => ({
  cpus: 100,
  memoryBytes: 100_000 * MIB,
  memoryFreeBytes: memoryFreeBytes * 1000 * MIB,
  disks: [{ path: '/data', sizeBytes: 100, freeBytes }],
})

interface State {
  looks: number
  rounds: number
  isUp: boolean
  machine: Machine | undefined
}

/** Alarms over a world, with a kernel that says what the test does. */
function watched(at: World) {
  /** Percent of 100 MiB, by the container's name; undefined: the kernel does not tell. */
  const used: { memory: Record<string, number> | undefined } = { memory: {} }
  const state: State = { looks: 0, rounds: 0, isUp: true, machine: undefined }
  const running = () => at.control.known.running()
  const nameOf = (engineId: string): string => {
    const found = [...at.host.containers.values()].find((one) => one.engineId === engineId)
    return found?.wanted.hostname ?? ''
  }
  const alarms = alarmService({
    store: at.store,
    clock: at.time,
    timers: {
      after(ms, run) {
        state.rounds++
        return at.time.after(ms, run)
      },
    },
    log: () => undefined,
    events: at.control.events,
    node: 'local',
    machine: () => state.machine,
    engineUp: () => state.isUp,
    running,
    meter: {
      memory(engineIds) {
        state.looks++
        const { memory } = used
        if (!memory) return Promise.reject(new Error('no such file'))
        const found = engineIds.map((id) => [id, (memory[nameOf(id)] ?? 0) * MIB] as const)
        return Promise.resolve(new Map(found))
      },
    },
  })
  return {
    used,
    state,
    /** The first look, and its end. */
    async begin(): Promise<void> {
      alarms.start()
      await until('it has looked', () => state.rounds === 1)
    },
    /** One more look, and its end. */
    async look(): Promise<void> {
      const before = state.rounds
      at.time.advance(15_000)
      await until('it has looked again', () => state.rounds === before + 1)
    },
    async [Symbol.asyncDispose]() {
      await alarms.stop()
    },
  }
}

async function told(at: World): Promise<string[]> {
  const { items } = await at.control.events.list({ limit: 100 })
  const isAlarm = /-(high|normal)$/
  return items.filter(({ action }) => isAlarm.test(action)).map(({ action }) => action)
}

const sawAlarms = async (at: World, expected: readonly string[]): Promise<void> =>
  assert.deepEqual(await told(at), expected)

async function start(at: World): Promise<void> {
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { memoryBytes: 100 * MIB, restart: 'no' })
  await runs(at, 'acme', 'web')
  await at.quiet()
}

test('a container that comes near its memory is told of once, and once when it has gone down', async () => {
  await using at = await world()
  await start(at)
  await using eye = watched(at)
  eye.used.memory = { web: 89 }
  await eye.begin()
  for (const percent of [90, 99, 85, 95, 80]) {
    eye.used.memory = { web: percent }
    await eye.look()
  }
  await sawAlarms(at, ['container.memory-high'])
  eye.used.memory = { web: 79 }
  await eye.look()
  await sawAlarms(at, ['container.memory-normal', 'container.memory-high'])
  const { items } = await at.control.events.listOfTenant('acme', { limit: 10 })
  assert.ok(items.some(({ action }) => action === 'container.memory-high'))
})

test('what is raised outlives a restart untold, and a kernel or an engine that says nothing', async () => {
  await using at = await world()
  await start(at)
  {
    await using eye = watched(at)
    eye.used.memory = { web: 95 }
    await eye.begin()
    await sawAlarms(at, ['container.memory-high'])
  }
  await using eye = watched(at)
  eye.state.isUp = false
  await eye.begin()
  await eye.look()
  assert.equal(eye.state.looks, 0)
  eye.state.isUp = true
  eye.used.memory = undefined
  await eye.look()
  eye.used.memory = { web: 95 }
  await eye.look()
  assert.equal(eye.state.looks, 2)
  assert.deepEqual(await told(at), ['container.memory-high'])
})

test('a container that no longer runs has no alarm any more', async () => {
  await using at = await world()
  await start(at)
  await using eye = watched(at)
  eye.used.memory = { web: 95 }
  await eye.begin()
  await sawAlarms(at, ['container.memory-high'])
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  await eye.look()
  await sawAlarms(at, ['container.memory-normal', 'container.memory-high'])
  assert.deepEqual(await at.store.read.alarms.all(), [])
})

test('a tenant that has reserved nearly all of a limit is told of, kind by kind', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme', { containers: 10, memoryBytes: 1000 * MIB })
  await at.begin()
  const memoryBytes = 100 * MIB
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    await at.create('acme', { name: `web${n}`, memoryBytes, start: false })
  }
  await at.quiet()
  await using eye = watched(at)
  await eye.begin()
  await sawAlarms(at, ['tenant.quota-high', 'tenant.quota-high'])
  const { items } = await at.control.events.listOfTenant('acme', { limit: 2 })
  const kinds = items.map(({ details }) => details['of'])
  assert.deepEqual(kinds.map(String).toSorted(), ['containers', 'memoryBytes'])
  // Nine of 10.5 are 85.7 %: not yet far enough from the mark.
  await at.store.write((q) => q.limits.put(id, { memoryBytes: 1050 * MIB }))
  await eye.look()
  assert.equal((await told(at)).length, 2)
  await at.store.write((q) => q.limits.put(id, { memoryBytes: null, containers: 11 }))
  await eye.look()
  await sawAlarms(at, [
    ...Array<string>(2).fill('tenant.quota-normal'),
    ...Array<string>(2).fill('tenant.quota-high'),
  ])
})

test('a machine whose disk or memory is nearly full is told of, with distance between the marks', async () => {
  await using at = await world()
  await at.begin()
  await using eye = watched(at)
  eye.state.machine = { facts: facts(21, 11), policy: POLICY }
  await eye.begin()
  const seen: string[][] = []
  for (const [disk, memory] of [
    [20, 10],
    [24, 19],
    [26, 21],
  ] as const) {
    eye.state.machine = { facts: facts(disk, memory), policy: POLICY }
    await eye.look()
    seen.push(await told(at))
  }
  const high = ['node.memory-high', 'node.disk-high']
  assert.deepEqual(
    seen.map((one) => one.toSorted()),
    [
      high.toSorted(),
      high.toSorted(),
      [...high, 'node.memory-normal', 'node.disk-normal'].toSorted(),
    ],
  )
})
