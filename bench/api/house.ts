import { readSettings } from '../../src/config.ts'
import { apiServer } from '../../src/control/api.ts'
import { openOutside, type Outside } from '../../src/control/outside.ts'
import { services, type Services } from '../../src/control/services.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { imageReference } from '../../src/core/image-reference.ts'
import type { Instance } from '../../src/instance.ts'
import { RESOURCE_NAMES } from '../../src/core/quota.ts'
import { tenantBySlug } from '../../src/services/tenant-lookup.ts'
import { jsonLog } from '../../src/log.ts'
import { EngineHost } from '../../test/fakes/engine-host.ts'
import { fakeEngine } from '../../test/fakes/engine.ts'
import { FakeFirewall } from '../../test/fakes/firewall.ts'
import { noCounters, noTls, noTunnels, promptEdge } from './prompt-edge.ts'
import { FACTS, IMAGE, seedEngine, seedRows, TENANT } from './seed.ts'

/**
 * A control plane as it runs, but for what is outside: the engine and the packet filter are in memory, and
 * the edge agrees at once. A process of its own, so that its processor time and memory are its own.
 */
export interface HouseArgument {
  readonly folder: string
  readonly apiAddress: string
  /** Only writes these into the database: the one that is measured has nothing left of that work. */
  readonly fill?: Rows
}

interface Rows {
  readonly containers: number
  /** Tenants without any container, for those that are created. */
  readonly roomy: readonly string[]
}

const READY_MS = 60_000
/** What is measured is what could be answered, not what one client may ask for. */
const RATE = '999999/9999999'
const UNBOUNDED = {
  CLOUDLET_RATE_LOOPBACK: RATE,
  CLOUDLET_RATE_KEY: RATE,
  CLOUDLET_RATE_TENANT: RATE,
}

async function main(argument: HouseArgument): Promise<void> {
  const instance = instanceOf(argument)
  const log = jsonLog({
    part: 'control-plane',
    least: 'error',
    now: () => new Date(),
    write: (line) => process.stderr.write(line),
  })
  const host = new EngineHost({ now: () => new Date() })
  const engine = fakeEngine(host, instance.id)
  const real = await openOutside(instance, readSettings({ env: UNBOUNDED, uid: 0, home: '/' }), log)
  real.edge.close()
  const outside = {
    ...real,
    engine,
    groups: null,
    firewall: new FakeFirewall(),
    peerPaths: null,
    shaper: null,
    cables: null,
    routes: null,
    edge: { ...promptEdge(), ...noTunnels, ...noTls, ...noCounters, close: () => undefined },
  }
  host.addImage(IMAGE, FACTS)
  const all = services(outside)
  await all.keys.load()
  if (argument.fill) {
    await fill(outside, all, argument.fill)
    // In order, so that what was compiled is kept for the next start.
    process.send?.({}, () => process.exit(0))
    return
  }
  await seedEngine(engine, await outside.store.read.containers.live())
  const { apiKey } = await all.keys.createAdmin()
  await apiServer(outside, all, new AbortController().signal).listen()
  all.reconciler.start()
  await all.reconciler.ready(AbortSignal.timeout(READY_MS))
  process.on('disconnect', () => process.exit(0))
  process.send?.({ apiKey })
}

async function fill(
  { store, clock }: Outside,
  { tenants }: Services,
  { containers, roomy }: Rows,
): Promise<void> {
  const reference = imageReference(IMAGE)
  if (!reference.ok) throw new Error(reference.reason)
  const nowMs = clock.now().getTime()
  const image = { tenantId: null, reference: reference.normalised, imageId: FACTS.imageId }
  for (const slug of [TENANT, ...roomy]) {
    await tenants.create({ slug, policy: 'baseline', limits: UNLIMITED }, PLATFORM)
  }
  await store.write(async (q) => {
    await q.images.put({ ...image, addedAt: nowMs })
    const tenant = await tenantBySlug(q, TENANT)
    await seedRows(q, containers, { tenant, nowMs })
  })
}

const UNLIMITED = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, null]))

const instanceOf = ({ folder, apiAddress }: HouseArgument): Instance => ({
  id: 'benchbenchbenchb',
  dataDir: folder,
  apiAddress,
  ingressAddress: '127.0.0.1:8080',
  httpsAddress: '127.0.0.1:8443',
  dnsAddress: '127.0.0.1:1053',
  pool: '10.208.0.0/12',
  resolver: null,
  isolated: true,
  edgeUid: null,
  workers: 1,
})

// Written by `houses.ts` alone.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
await main(JSON.parse(process.argv[2] ?? '') as HouseArgument)
