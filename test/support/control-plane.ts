import { createHmac } from 'node:crypto'
import type { Store } from '../../db/open.ts'
import type { Machine } from '../../src/core/capacity.ts'
import type { Cidr } from '../../src/core/cidr.ts'
import { failure } from '../../src/core/failure.ts'
import type { Log } from '../../src/log.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { DefaultRoutes } from '../../src/ports/default-routes.ts'
import type { Edge } from '../../src/ports/edge.ts'
import type { Engine } from '../../src/ports/engine.ts'
import type { HostNames } from '../../src/ports/host-names.ts'
import type { TenantGroups } from '../../src/ports/tenant-groups.ts'
import type { Timers } from '../../src/ports/timers.ts'
import { containerSecrets } from '../../src/reconcile/container-secrets.ts'
import { knownEngine, type KnownEngine } from '../../src/reconcile/engine-view.ts'
import { imageResolver } from '../../src/reconcile/images.ts'
import { groupPrefix } from '../../src/core/docker-names.ts'
import type { Cables } from '../../src/ports/cables.ts'
import type { Firewall } from '../../src/ports/firewall.ts'
import type { OutsideNames } from '../../src/ports/outside-names.ts'
import type { Shaper } from '../../src/ports/shaper.ts'
import type { PeerPaths } from '../../src/ports/peer-paths.ts'
import { cablePins } from '../../src/reconcile/cable-pins.ts'
import { egressNames, type EgressNames } from '../../src/reconcile/egress-names.ts'
import { firewallKeeper } from '../../src/reconcile/firewall.ts'
import { reconcileLoops } from '../../src/reconcile/loops.ts'
import { publishedRoutes } from '../../src/reconcile/published-routes.ts'
import { publisher } from '../../src/reconcile/publisher.ts'
import { registryGate } from '../../src/reconcile/registry-gate.ts'
import { tenantGroups } from '../../src/reconcile/tenant-groups.ts'
import { auditService } from '../../src/services/audit.ts'
import type { Surroundings } from '../../src/services/container-view.ts'
import { containerService } from '../../src/services/containers.ts'
import { elsewhere } from '../../src/services/elsewhere.ts'
import { eventService } from '../../src/services/events.ts'
import { accountOfTenant, ledgerService } from '../../src/services/ledger.ts'
import { firewallService } from '../../src/services/firewalls.ts'
import { peeringService, type PeeringDeps } from '../../src/services/peerings.ts'
import { networkService, type NetworkDeps } from '../../src/services/networks.ts'
import { nodeScheduling } from '../../src/services/node-scheduling.ts'
import { operationService } from '../../src/services/operations.ts'
import { sandboxCheck } from '../../src/services/sandbox.ts'
import { tenantErasure } from '../../src/services/tenant-erasure.ts'
import { tenantService } from '../../src/services/tenants.ts'

export const INSTANCE = 'testtesttesttest'
/** Keys of a test are no secret, and the same in every life. */
const KEY_RING = {
  current: 1,
  mac: (rootKey: number, purpose: string, text: string) =>
    createHmac('sha256', `${rootKey} ${purpose}`).update(text).digest('base64url'),
}
/** Nobody has secrets here: `cloud-world.ts` has a vault. */
const NO_VAULT = {
  open(): never {
    throw new Error('There is no vault')
  },
}
/** What the operator has named. */
const REGISTRIES = ['registry.corp:5000']
const MOST_IMAGE_BYTES = 1024 ** 3
const POOL = '10.208.0.0/12'
const TABLE = {
  instance: INSTANCE,
  domains: ['cloud.local'],
  internalDomain: 'internal',
  pool: POOL,
}

/** What one life of the control plane is given. */
export interface LifeDeps {
  readonly store: Store
  readonly engine: Engine
  readonly edge: Edge
  readonly groups: TenantGroups
  readonly firewall: Firewall
  readonly shaper: Shaper
  readonly outsideNames: OutsideNames
  readonly peerPaths: PeerPaths
  readonly cables: Cables
  readonly routes: DefaultRoutes
  readonly clock: Clock
  readonly timers: Timers
  readonly newId: () => string
  readonly names: HostNames
  /** What containers are held to beside their tenant's quota. */
  readonly machine: () => Machine | undefined
  readonly log: Log
  /** Ranges that are the host's own. */
  readonly ranges: () => readonly Cidr[]
  /** How long one pass of the reconciler may take. */
  readonly deadlineMs: number
  readonly passing: (point: string) => void
  /** Told when a tenant is gone. */
  readonly erased: (tenantId: string) => void
}

const routesOn = () => publishedRoutes(TABLE.domains)

/** One life of the control plane: everything between the routes and the ports. */
export function controlPlane(life: LifeDeps) {
  const { store, engine, edge, clock, deadlineMs } = life
  const known = knownEngine()
  const names = namesOn(life)
  const routes = publisher({ store, edge, clock, names, routes: routesOn(), table: TABLE })
  const audit = auditService({ store, clock, keyRing: KEY_RING })
  const events = eventService({ store, clock })
  const hosts = hostsOn(life, { known, names })
  names.onChange(() => void [hosts.firewall.asserted(), routes.publish()].map(unheard))
  const erase = tenantErasure({ clock, events })
  const ledger = ledgerService({ events, machine: life.machine })
  const steps = {
    ...life,
    known,
    publisher: routes,
    ...hosts,
    images: imagesOn(life),
    instance: INSTANCE,
    lookMs: 30_000,
    resolver: '10.208.0.53',
    internalDomain: 'internal',
    operationEnded: (id: string) => operations.ended(id),
    record: events.record,
    watched: ledger.watched,
    admitImage: ledger.admitImage,
    erase,
  }
  const driven = reconcileLoops(steps, deadlineMs)
  const { wake, wakeNode, wakeTenant, observer } = driven
  edge.onHealth((reports) => reports.forEach(({ id }) => wake(id)))
  const requireRuntime = sandboxCheck(engine)
  const common = { ...placeOf(life), audit, events, ledger, wake, requireRuntime }
  const operations = operationService(common)
  const containers = containerService({
    ...common,
    operations,
    around: aroundOf(edge),
    registries: REGISTRIES,
    routesChanged: () => unheard(routes.publish()),
    wallsChanged: () => unheard(hosts.firewall.asserted()),
    requireEngine() {
      if (observer.isUp()) return
      throw failure('engine-unavailable', 'The engine is away', { retryAfterSeconds: 2 })
    },
  })
  const scheduling = nodeScheduling({ ...common, operations, node: 'local', wakeNode })
  const tenants = tenantService({
    ...common,
    ...reachOf(routes, driven),
    operations,
    wakeTenant,
    erase,
    ended: steps.erased,
  })
  return {
    engine,
    ...hosts,
    known,
    routes,
    ...driven,
    scheduling,
    tenants,
    operations,
    containers,
    ...wallsOn({ ...common, ...names, ...wallsOf(hosts, driven), ...routesOf(routes) }),
    events,
    audit,
    ledger,
  }
}

/** Where something new is put. */
const placeOf = ({ store, clock, newId, engine, ranges }: LifeDeps) => ({
  store,
  clock,
  newId,
  elsewhere: elsewhere(engine, ranges),
  node: 'local',
  pool: POOL,
  rests: { rangeMs: 10 * 60_000, addressMs: 60_000 },
})

const wallsOf = (
  { firewall }: ReturnType<typeof hostsOn>,
  { wakeNetwork }: Pick<ReturnType<typeof reconcileLoops>, 'wakeNetwork'>,
) => ({ wakeNetwork, wallsChanged: () => unheard(firewall.asserted()) })

/** What fails behind is logged, as where the world has ended meanwhile. */
function unheard(work: Promise<unknown>): void {
  work.catch(() => undefined)
}

const routesOf = ({ publish }: ReturnType<typeof publisher>) => ({
  routesChanged: () => unheard(publish()),
})

const wallsOn = (deps: NetworkDeps & PeeringDeps) => ({
  firewalls: firewallService(deps),
  peerings: peeringService(deps),
  ofNetworks: networkService(deps),
})

/** What changes with a tenant beside its rows. */
const reachOf = (
  routes: ReturnType<typeof publisher>,
  { observer, wake }: Pick<ReturnType<typeof reconcileLoops>, 'observer' | 'wake'>,
) => ({
  defaults: {},
  isolated: true,
  limitsChanged: () => undefined,
  wake: (id: string) => void (observer.isUp() && wake(id)),
  routesChanged: () => unheard(routes.publish()),
})

const aroundOf = (edge: Edge): Surroundings => ({
  internalDomain: 'internal',
  isolated: true,
  urlOf: (name, tenant) => `http://${name}.${tenant}.localhost/`,
  healthOf: edge.health,
})

const imagesOn = ({ store, engine, clock, names }: LifeDeps) =>
  imageResolver({
    accountOf: (id) => accountOfTenant(store.read, id),
    store,
    engine,
    clock,
    loginFor: () => Promise.resolve(undefined),
    gate: registryGate({ names, registries: REGISTRIES }),
    mostBytes: MOST_IMAGE_BYTES,
  })

/** What containers have of the machine beside the engine. */
interface Seen {
  readonly known: KnownEngine
  readonly names: EgressNames
}

const hostsOn = (life: LifeDeps, seen: Seen) => ({
  groups: groupsOn(life),
  secrets: containerSecrets({ store: life.store, vault: NO_VAULT, secretFiles: null }),
  firewall: firewallOn(life, seen),
})

const namesOn = ({ outsideNames: outside, clock, timers, log }: LifeDeps): EgressNames =>
  egressNames({ outside, clock, timers, log })

function firewallOn(
  { store, engine, firewall, peerPaths, shaper, cables, timers, log }: LifeDeps,
  { known, names }: Seen,
) {
  const place = {
    table: 'cloudlet_test',
    bridgePrefix: groupPrefix(INSTANCE),
    resolver: '10.208.0.53',
    ingressPorts: [80],
    mostConnections: 100,
  }
  const pins = cablePins({ engine, known, cables, instance: INSTANCE, timers, log })
  const hosts = { firewall, peerPaths, shaper, pins, names, timers, log }
  return firewallKeeper({ ...hosts, store, place, instance: INSTANCE })
}

/** Each tenant's group of processes, with its limits. */
function groupsOn({ store, groups, log }: LifeDeps) {
  return tenantGroups({
    store,
    groups,
    async accountOf(id) {
      const tenant = await store.read.tenants.byId(id)
      return tenant?.deletedAt === null ? accountOfTenant(store.read, id) : undefined
    },
    instance: INSTANCE,
    log,
  })
}
