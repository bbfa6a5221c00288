import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { openStore, type OpenStore } from '../../db/open.ts'
import { ContainerCreate, type Container } from '../../src/contract/containers.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import type { Machine } from '../../src/core/capacity.ts'
import type { Amounts, Limits } from '../../src/core/quota.ts'
import { accountOfTenant } from '../../src/services/ledger.ts'
import { FakeEdge } from '../fakes/edge.ts'
import { EngineHost, type HostDeps } from '../fakes/engine-host.ts'
import { fakeEngine } from '../fakes/engine.ts'
import { FakeCables } from '../fakes/cables.ts'
import { FakeShaper } from '../fakes/shaper.ts'
import { FakeOutsideNames } from '../fakes/outside-names.ts'
import { FakePaths } from '../fakes/peer-paths.ts'
import { FakeFirewall } from '../fakes/firewall.ts'
import { FakeGroups } from '../fakes/groups.ts'
import { FakeRoutes } from '../fakes/routes.ts'
import { FakeNames } from '../fakes/names.ts'
import { HandTime } from '../fakes/timers.ts'
import { controlPlane, INSTANCE } from './control-plane.ts'
import { freshDatabase, MEMORY, MIGRATIONS } from './fresh-database.ts'

/** A condition that has not come true after this long never will. */
const PATIENCE_MS = 10_000

export interface WorldWanted extends Omit<HostDeps, 'now'> {
  /** How long one pass of the reconciler may take, in real time. */
  readonly deadlineMs?: number
  /** Told when a tenant is gone. */
  readonly erased?: (tenantId: string) => void
  /** Where the state is, if not in a file of this world's own. */
  readonly database?: string
}

/** What lives as long as a disk and a machine do, whoever looks at them. */
export interface Ground {
  readonly store: OpenStore
  readonly host: EngineHost
  readonly edge: FakeEdge
  readonly groups: FakeGroups
  readonly firewall: FakeFirewall
  readonly peerPaths: FakePaths
  readonly shaper: FakeShaper
  readonly outsideNames: FakeOutsideNames
  readonly cables: FakeCables
  readonly routes: FakeRoutes
  readonly names: FakeNames
  readonly time: HandTime
  readonly newId: () => string
  readonly deadlineMs: number
  readonly erased: (tenantId: string) => void
  /** What containers are held to beside their tenant's quota. */
  machine: Machine | undefined
}

/** One life of the control plane, on the ground that it finds. */
const lifeOn = (ground: Ground, passing: (point: string) => void = () => undefined) =>
  controlPlane({
    ...ground,
    machine: () => ground.machine,
    engine: fakeEngine(ground.host, INSTANCE),
    ranges: () => ground.firewall.ranges,
    clock: ground.time,
    timers: ground.time,
    log: () => undefined,
    passing,
  })

type GroundWanted = Pick<Ground, 'deadlineMs' | 'erased'> & Omit<HostDeps, 'now'>

/** What is made up of a machine beside its engine and its clock. */
const fakes = () => ({
  edge: new FakeEdge(),
  groups: new FakeGroups(),
  firewall: new FakeFirewall(),
  peerPaths: new FakePaths(),
  shaper: new FakeShaper(),
  outsideNames: new FakeOutsideNames(),
  cables: new FakeCables(),
  routes: new FakeRoutes(),
  names: new FakeNames(),
})

/** With everything on it that is made up, but the database. */
async function groundOn(
  url: string,
  { deadlineMs, erased, ...host }: GroundWanted,
): Promise<Ground> {
  const time = new HandTime()
  let made = 0
  return {
    store: await openStore(url, MIGRATIONS),
    host: new EngineHost({ ...host, now: time.now }),
    ...fakes(),
    time,
    newId: () => String(++made).padStart(16, '0'),
    deadlineMs,
    erased,
    machine: undefined,
  }
}

export type Wanted = Partial<z.input<typeof ContainerCreate>>

/** The whole inside in one call: a real database, a fake machine and edge, time moved by hand. */
export async function world(asWanted: WorldWanted = {}) {
  const { deadlineMs = 60_000, database, erased = () => undefined, ...host } = asWanted
  const folder = mkdtempSync(join(MEMORY, 'cloudlet-world-'))
  const path = join(folder, 'cloudlet.db')
  if (database === undefined) await freshDatabase(path)
  const url = database ?? `file:${path}`
  const ground = await groundOn(url, { deadlineMs, erased, ...host })
  let now = lifeOn(ground)
  await addImages(ground)
  const end = async (): Promise<void> => {
    await now.observer.stop()
    const { loop, networks, nodes, tenantLoop } = now
    await Promise.all([loop, networks, nodes, tenantLoop].map((one) => one.stop()))
  }
  return {
    ...ground,
    /** Where the database is, for those who open it once more. */
    url,
    migrations: MIGRATIONS,
    get control() {
      return now
    },
    /** A new tenant, without limits unless some are given. */
    addTenant: (slug: string, limits: Limits = {}) => addTenant(ground, slug, limits),
    /** Starts to observe the engine, and waits for its first answer. */
    async begin(): Promise<void> {
      now.observer.start()
      now.nodes.wake('local')
      await until('the engine has been listed', now.observer.isUp)
    },
    /** The process dies, and another one takes its place: the disk and the machine are as they were. */
    async reborn(passing?: (point: string) => void): Promise<void> {
      await end()
      now = lifeOn(ground, passing)
    },
    create: (tenant: string, wanted: Wanted) =>
      now.containers.create(tenant, spec(wanted), PLATFORM),
    /** What the ledger says that a tenant has reserved. */
    reserved: async (tenantId: string): Promise<Amounts> =>
      (await accountOfTenant(ground.store.read, tenantId)).reserved,
    /** Puts a machine of that size under everything, for what is admitted from now on. */
    standOn(machine: Machine): void {
      ground.machine = machine
    },
    /** Nothing is left to do at this moment. */
    quiet: () =>
      until('nothing moves', () =>
        [now.loop, now.networks, now.nodes, now.tenantLoop].every((loop) => loop.idle()),
      ),
    async [Symbol.asyncDispose]() {
      await end()
      await ground.store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
export type World = Awaited<ReturnType<typeof world>>

/** What a tenant sends, with a name and an image where the test says nothing else. */
export const spec = (wanted: Wanted): ContainerCreate =>
  ContainerCreate.parse({
    name: 'web',
    image: 'cloudlet/demo',
    // Time stands still here: who wants to wait says so.
    minHealthySeconds: 0,
    ...wanted,
  })

export const asked = (tenant: string, container: string) => ({
  tenant,
  container,
  actor: PLATFORM,
})

/** Waits until it is so, looking at every turn of the event loop. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `it never came true: ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Waits until a container shows itself so. */
export async function shows(
  { control }: World,
  at: readonly [tenant: string, container: string],
  condition: (container: Container) => boolean,
): Promise<Container> {
  let last: Container | undefined
  await until(`${at.join('/')} is as expected`, async () => {
    last = await control.containers.get(...at).catch(() => undefined)
    return last !== undefined && condition(last)
  })
  assert.ok(last)
  return last
}

export const runs = (at: World, tenant: string, container: string): Promise<Container> =>
  shows(at, [tenant, container], ({ state }) => state === 'running')

export async function addTenant(
  { store, newId, time }: Pick<Ground, 'store' | 'newId' | 'time'>,
  slug: string,
  limits: Limits,
) {
  const row = {
    id: newId(),
    slug,
    policy: 'baseline' as const,
    exceptionsJson: '[]',
    runtime: 'default' as const,
    createdAt: time.now().getTime(),
    suspendedAt: null,
    suspendReason: null,
    deletingAt: null,
    deletedAt: null,
  }
  await store.write(async (q) => {
    await q.tenants.insert(row)
    await q.limits.put(row.id, limits)
  })
  return row
}

/** As an engine would name it. */
export const imageIdOf = (name: string): string =>
  `sha256:${Buffer.from(name).toString('hex').padStart(64, '0')}`

/** The platform's two images, shared with all: `demo` has an app, `base` has none. */
export async function addImages({
  store,
  host,
  time,
}: Pick<Ground, 'store' | 'host' | 'time'>): Promise<void> {
  const addedAt = time.now().getTime()
  for (const [name, exposedTcpPorts] of [
    ['demo', [8080]],
    ['base', []],
  ] as const) {
    const imageId = imageIdOf(name)
    host.addImage(`cloudlet/${name}`, { imageId, exposedTcpPorts, volumes: [], user: '' })
    const reference = `docker.io/cloudlet/${name}:latest`
    await store.write((q) => q.images.put({ tenantId: null, reference, imageId, addedAt }))
  }
}
