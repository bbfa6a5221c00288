import { joseTokens } from '../adapters/jose-tokens.ts'
import { randomId } from '../adapters/system.ts'
import { hostRanges } from '../adapters/host-routes.ts'
import { engineAway } from '../core/failure.ts'
import { hostPort, THIS_NODE, type Instance } from '../instance.ts'
import type { Surroundings } from '../services/container-view.ts'
import { containerService } from '../services/containers.ts'
import { elsewhere } from '../services/elsewhere.ts'
import { eventService } from '../services/events.ts'
import { imageService } from '../services/images.ts'
import { accountOfTenant } from '../services/ledger.ts'
import { keyService } from '../services/keys.ts'
import { logService } from '../services/logs.ts'
import { metricsService } from '../services/metrics.ts'
import { nodeScheduling } from '../services/node-scheduling.ts'
import { firewallService } from '../services/firewalls.ts'
import { peeringService, type PeeringDeps } from '../services/peerings.ts'
import { routing } from './routing.ts'
import { networkService, type NetworkDeps } from '../services/networks.ts'
import { onceService } from '../services/once.ts'
import { operationService } from '../services/operations.ts'
import { registryService } from '../services/registries.ts'
import { requestRates } from '../services/request-rates.ts'
import { sandboxCheck } from '../services/sandbox.ts'
import { tenantErasure } from '../services/tenant-erasure.ts'
import { tenantService, type TenantDeps } from '../services/tenants.ts'
import { whoamiService } from '../services/whoami.ts'
import { auditing } from './auditing.ts'
import { collecting } from './collecting.ts'
import { counting } from './counting.ts'
import { databaseServices } from './database.ts'
import { doctorOf } from './doctor.ts'
import { vaulting } from './vaulting.ts'
import type { Outside } from './outside.ts'
import { defaultLimits, quotaServices } from './quotas.ts'
import { certifying } from './certifying.ts'
import { reconciling } from './reconciling.ts'
import { sessionServices } from './session-services.ts'

/** All services there are, and the reconciler that they wake. */
export function services(outside: Outside) {
  const { store, clock, keyRing, engine } = outside
  const events = eventService({ store, clock })
  const audited = auditing(outside)
  const { audit } = audited
  const registries = registryService({ store, clock, audit, keyRing })
  const { ledger, ...quotas } = quotaServices(outside, {
    audit,
    events,
    watcher: () => reconciler,
  })
  const erase = tenantErasure({ clock, events })
  const reconciler = reconciling(outside, {
    loginFor: (tenantId, host) => registries.loginFor(tenantId, host),
    operationEnded: (id) => operations.ended(id),
    accountOf: livingAccounts(outside),
    record: events.record,
    watched: ledger.watched,
    admitImage: ledger.admitImage,
    erase,
    erased: (id) => keys.endTenant(id),
  })
  const requireRuntime = sandboxCheck(engine)
  const common = { ...placeOf(outside), newId: randomId, audit, events, ledger, requireRuntime }
  const operations = operationService({ ...common, wake: reconciler.wake })
  const keys = keyService({ ...common, newJti: randomId, keyRing, tokens: joseTokens })
  const containers = containerService({
    ...common,
    operations,
    wake: reconciler.wake,
    registries: outside.registries,
    around: aroundOf(outside),
    routesChanged: () => reconciler.publish(),
    wallsChanged: () => reconciler.assertWalls(),
    requireEngine() {
      if (!reconciler.isUp()) throw engineAway('change containers')
    },
  })
  const database = databaseServices(outside, { audit, events })
  const collected = collecting(outside, { audit, events, collector: reconciler.orphans })
  return {
    ...audited,
    ...vaulting(outside, audit),
    events,
    registries,
    operations,
    once: onceService({ store, clock, keyRing }),
    rateOf: requestRates({ store, clock, log: outside.log }),
    keys,
    containers,
    reconciler,
    ...walling(outside, common, reconciler),
    scheduling: nodeScheduling({ ...common, operations, ...nodeOf(reconciler) }),
    tenants: tenantService({
      ...common,
      ...reachOf(outside, reconciler),
      operations,
      ended: (id) => keys.endTenant(id),
      erase,
    }),
    ...quotas,
    ...database,
    ...collected,
    doctor: doctorOf(outside, { ...database, ...collected, machine: quotas.capacity.machine }),
    images: imageService({ store, clock, audit, engine }),
    ...readings(outside),
    ...counting(outside),
    ...sessionServices(outside, audit, keys),
  }
}
export type Services = ReturnType<typeof services>

const nodeOf = ({ wakeNode }: ReturnType<typeof reconciling>) => ({ node: THIS_NODE, wakeNode })
/** Where something new is put. */
const placeOf = ({ store, clock, engine, instance, settings }: Outside) => ({
  store,
  clock,
  elsewhere: elsewhere(engine, hostRanges),
  node: THIS_NODE,
  pool: instance.pool,
  rests: {
    rangeMs: settings.CLOUDLET_RANGE_REST_SECONDS * 1000,
    addressMs: settings.CLOUDLET_ADDRESS_REST_SECONDS * 1000,
  },
})

function walling(
  outside: Outside,
  common: Omit<
    NetworkDeps & PeeringDeps,
    'addressesOf' | 'routesChanged' | 'wakeNetwork' | 'wallsChanged'
  >,
  reconciler: ReturnType<typeof reconciling>,
) {
  const deps = {
    ...common,
    wakeNetwork: (id: string) => reconciler.wakeNetwork(id),
    routesChanged: () => reconciler.publish(),
    wallsChanged: () => reconciler.assertWalls(),
    addressesOf: (name: string) => reconciler.addressesOf(name),
  }
  return {
    ...certifying(outside, common.audit, reconciler),
    firewalls: firewallService(deps),
    networks: networkService(deps),
    peerings: peeringService(deps),
    ...routing(outside, deps),
  }
}

/** Of tenants that are not gone. */
const livingAccounts =
  ({ store }: Outside) =>
  async (tenantId: string) => {
    const tenant = await store.read.tenants.byId(tenantId)
    return tenant && !tenant.deletedAt ? accountOfTenant(store.read, tenantId) : undefined
  }

/** What changes with a tenant beside its rows. */
const reachOf = (
  { instance, settings }: Outside,
  reconciler: ReturnType<typeof reconciling>,
): Pick<TenantDeps, Reach> => ({
  defaults: defaultLimits(settings),
  isolated: instance.isolated,
  limitsChanged: (id) => reconciler.limitsChanged(id),
  // Before the first look at the engine nothing can be decided, and that look wakes whoever is due.
  wake: (id) => void (reconciler.isUp() && reconciler.wake(id)),
  wakeTenant: (id) => reconciler.wakeTenant(id),
  routesChanged: () => reconciler.publish(),
})
type Reach = 'defaults' | 'isolated' | 'limitsChanged' | 'routesChanged' | 'wake' | 'wakeTenant'

/** What only looks. */
const readings = ({ store, engine, clock }: Outside) => ({
  logs: logService({ store, engine, clock }),
  metrics: metricsService({ store, engine, clock }),
  whoami: whoamiService({ clock }),
})

/** What the platform says of itself wherever it shows a container. */
const aroundOf = ({ instance, settings, edge }: Outside): Surroundings => ({
  internalDomain: settings.CLOUDLET_INTERNAL_DOMAIN,
  isolated: instance.isolated,
  urlOf: (name, tenant) => urlOf(instance, name, tenant),
  healthOf: edge.health,
})

/** Where a browser finds an app without any set-up of names. */
export function urlOf({ ingressAddress }: Instance, name: string, tenant: string): string {
  const { port } = hostPort(ingressAddress)
  return `http://${name}.${tenant}.localhost${port === 80 ? '' : `:${port}`}/`
}
