import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { UnreachableError } from '../../src/client/api-error.ts'
import {
  createContainer,
  deleteContainer,
  listContainers,
  restartContainer,
  startContainer,
  stopContainer,
} from '../../src/contract/containers.ts'
import { listOperations, type Operation } from '../../src/contract/operations.ts'
import { getUsage } from '../../src/contract/usage.ts'
import { realDocker } from '../support/engine.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * The control plane dies, as in a power cut, between each two steps of what it does, and the next one
 * finishes what was begun: nothing is lost, nothing is there twice.
 */

const CREATE = [
  'before-resolve-image',
  'image-resolved',
  'before-create',
  'network-ensured',
  'container-created',
  'before-begin-run',
  'edge-told',
  'run-begun',
  'container-started',
  'before-note-running',
  'running-noted',
]
const RUN = ['before-begin-run', 'edge-told', 'run-begun', 'container-started', 'running-noted']
const STOP = ['before-stop', 'container-stopped', 'before-note-stopped', 'stopped-noted']
const RESTART = ['before-stop', 'container-stopped', 'run-begun', 'container-started']
const EXIT = ['before-note-exit', 'before-next-run', 'next-run']
const DELETE = ['before-remove', 'withdrawn', 'container-removed', 'before-release', 'released']

/** A supervisor brings back what dies often later and later; a new one begins anew. */
const KILLS_OF_ONE_SUPERVISOR = 5
const CAME_TRUE_MS = 30_000

const docker = realDocker()
const folder = mkdtempSync(join(tmpdir(), 'cloudlet-failpoint-'))
const failpoint = join(folder, 'point')
const params = { tenant: 'acme' }
let platform: Platform
let acme: Tenant
let kills = 0

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_FAILPOINT: failpoint })
  acme = await newTenant(platform, 'acme')
})

after(async () => {
  await platform?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** Does something that the control plane will die of, and waits for its next life. */
async function dyingAt(point: string, act: () => Promise<unknown>): Promise<void> {
  if (++kills % KILLS_OF_ONE_SUPERVISOR === 0) {
    await platform.kill('supervisor')
    await platform.start()
  }
  const first = platform.pid('control-plane')
  writeFileSync(`${failpoint}.new`, point)
  renameSync(`${failpoint}.new`, failpoint)
  // It may die before its answer is out.
  await act().catch((error: unknown) => assert.ok(error instanceof UnreachableError, String(error)))
  await until(`it dies at ${point}`, () => !existsSync(failpoint), CAME_TRUE_MS)
  const next = (): boolean => platform.pids('control-plane').some((pid) => pid !== first)
  await until('another one lives', next, CAME_TRUE_MS)
}

/** Waits for the end of the newest operation: it succeeded, and nothing else is under way. */
async function succeeded(kind: string, name: string): Promise<void> {
  const newest = { params, query: { limit: 1 } }
  const over = async (): Promise<Operation | undefined> => {
    const { items } = await acme.api.call(listOperations, newest)
    return items.find(({ state }) => state !== 'pending' && state !== 'running')
  }
  const last = await until('the newest operation has ended', over, CAME_TRUE_MS)
  assert.deepEqual([last.kind, last.target.name], [kind, name])
  assert.equal(last.state, 'succeeded', JSON.stringify(last.error))
  for (const state of ['pending', 'running'] as const) {
    const { items } = await acme.api.call(listOperations, { params, query: { state } })
    assert.deepEqual(items, [])
  }
}

/** One object for each container of the tenant, no other, and the quota says what the engine holds. */
async function consistent(): Promise<void> {
  const { items } = await acme.api.call(listContainers, { params })
  const { containers, networks } = await objectsOf(platform.instance)
  const found = containers.map(({ Labels }) => Labels['cloudlet.id'] ?? 'without an id')
  assert.deepEqual(found.toSorted(), items.map(({ id }) => id).toSorted())
  assert.equal(networks.length, 1)

  const inspected = await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).inspect()))
  const usage = await acme.api.call(getUsage, { params })
  assert.equal(usage.containers.reserved, items.length)
  assert.equal(
    usage.memoryBytes.reserved,
    sum(inspected.map(({ HostConfig }) => HostConfig.Memory)),
  )
  const nanoCpus = inspected.map(({ HostConfig }) => HostConfig.NanoCpus)
  assert.equal(usage.cpuMilli.reserved, sum(nanoCpus) / 1e6)
}

const sum = (amounts: readonly (number | undefined)[]): number =>
  amounts.reduce<number>((total, amount) => total + (amount ?? 0), 0)

/** The container's one object on the engine, if there is one. */
async function object(id: string): Promise<{ Id: string; State: string } | undefined> {
  const filters = { label: [`cloudlet.id=${id}`] }
  const [found, ...others] = await docker.listContainers({ all: true, filters })
  assert.equal(others.length, 0, 'it is there twice')
  return found
}

const spec = (name: string) =>
  ({
    name,
    image: BASE,
    command: ['sleep', '600'],
    restart: 'always',
    stopSignal: 'SIGKILL',
  }) as const

/** One container, and what can be done to it, with and without a death on the way. */
async function subject(name: string) {
  const { id } = await acme.run({ ...spec(name), command: [...spec(name).command] })
  const at = { params: { ...params, container: name } }
  const runs = async (): Promise<void> => assert.equal((await object(id))?.State, 'running')
  const calls = { start: startContainer, stop: stopContainer, restart: restartContainer }

  const change = async (verb: keyof typeof calls, point: string): Promise<void> => {
    await dyingAt(point, () => acme.api.call(calls[verb], at))
    await succeeded(`containers.${verb}`, name)
    if (verb === 'stop') assert.equal((await object(id))?.State, 'exited')
    else await runs()
    await consistent()
  }
  return { id, name, at, runs, change }
}

for (const point of CREATE) {
  test(`killed at "${point}" while it creates: the container runs, once`, async () => {
    const name = `c-${point}`
    const body = { ...spec(name), command: [...spec(name).command] }
    await dyingAt(point, () => acme.api.call(createContainer, { params, body }))
    await succeeded('containers.create', name)
    const { id } = await acme.show(name)
    assert.equal((await object(id))?.State, 'running')
    await consistent()
    await acme.remove(name)
    assert.equal(await object(id), undefined)
  })
}

test('killed while it stops and starts: the container is as it was last asked to be', async () => {
  const { change, name } = await subject('stopped')
  for (const [index, point] of STOP.entries()) {
    await change('stop', point)
    await change('start', RUN[index] ?? 'run-begun')
  }
  await acme.remove(name)
})

test('killed while it restarts: the container runs anew, once', async () => {
  const { change, name } = await subject('restarted')
  for (const point of RESTART) {
    const earlier = (await acme.show(name)).startedAt
    await change('restart', point)
    assert.notEqual((await acme.show(name)).startedAt, earlier)
  }
  await acme.remove(name)
})

test('killed while a container ends by itself: it is started again, once', async () => {
  const { id, name, at, runs } = await subject('ending')
  for (const point of EXIT) {
    // What ends again and again waits longer each time, up to a minute; a restart that is asked for
    // forgets that.
    await acme.api.call(restartContainer, { ...at, query: { wait: 30 } })
    const { restarts } = await acme.show(name)
    const { Id = '' } = (await object(id)) ?? {}
    await dyingAt(point, () => docker.getContainer(Id).kill())
    await until(
      'it runs again',
      async () => {
        const now = await acme.show(name)
        return now.state === 'running' && now.restarts > restarts
      },
      CAME_TRUE_MS,
    )
    await runs()
    await consistent()
  }
  await acme.remove(name)
})

for (const point of DELETE) {
  test(`killed at "${point}" while it deletes: nothing is left`, async () => {
    const { id, at, name } = await subject(`d-${point}`)
    const query = { force: 'true' }
    await dyingAt(point, () => acme.api.call(deleteContainer, { ...at, query }))
    await succeeded('containers.delete', name)
    assert.equal(await object(id), undefined)
    await consistent()
    assert.equal((await acme.api.call(getUsage, { params })).containers.reserved, 0)
  })
}
