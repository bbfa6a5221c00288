import { neverRefused } from '../../db/open.ts'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { containerSecrets } from '../reconcile/container-secrets.ts'
import { knownEngine, type KnownEngine } from '../reconcile/engine-view.ts'
import { groupPrefix } from '../core/docker-names.ts'
import { tableName } from '../core/firewall.ts'
import { cablePins } from '../reconcile/cable-pins.ts'
import { egressNames, type EgressNames } from '../reconcile/egress-names.ts'
import { firewallKeeper } from '../reconcile/firewall.ts'
import { imageCollector } from '../reconcile/image-collector.ts'
import { imageResolver } from '../reconcile/images.ts'
import { reconcileLoops } from '../reconcile/loops.ts'
import { registryGate } from '../reconcile/registry-gate.ts'
import { rootWatch } from '../reconcile/root-watch.ts'
import type { TenantDeps } from '../reconcile/tenants.ts'
import { tenantGroups, type GroupDeps } from '../reconcile/tenant-groups.ts'
import type { EventService } from '../services/events.ts'
import type { Ledger } from '../services/ledger.ts'
import type { RegistryService } from '../services/registries.ts'
import { hostPort } from '../instance.ts'
import type { Outside } from './outside.ts'
import { publishing } from './publishing.ts'
import { THIS_NODE } from '../instance.ts'

/** For the step that a pass is at when the platform stops; the supervisor is more patient than this. */
const STEP_GRACE_MS = 5_000
/** A pull is the longest that a pass can take. */
const PASS_DEADLINE_MS = 15 * 60_000
/** A large image is removed file by file. */
const IMAGE_SWEEP_MS = 5 * 60_000

export interface Told {
  readonly loginFor: RegistryService['loginFor']
  readonly operationEnded: (id: string) => void
  readonly accountOf: GroupDeps['accountOf']
  readonly record: EventService['record']
  readonly watched: Ledger['watched']
  readonly admitImage: Ledger['admitImage']
  readonly erase: TenantDeps['erase']
  readonly erased: TenantDeps['erased']
}

/** What makes intent come true: the loop, what it sees of the engine, and what it tells the edge. */
export function reconciling(around: Outside, told: Told) {
  // It works at a few things at a time, and must not stand still because requests are many.
  const outside = { ...around, store: neverRefused(around.store) }
  const { store, engine, edge, clock, timers, log } = outside
  const steps = stepsOf(outside, told)
  const { known, publisher: routes, certificates, groups, secrets } = steps
  const { wake, wakeNode, wakeNetwork, wakeTenant, observer, orphans, ...loops } = reconcileLoops(
    steps,
    PASS_DEADLINE_MS,
  )
  /** Has the packet filter know what containers may now; where that fails the next full look does. */
  function assertWalls(): void {
    steps.firewall.asserted().catch((error: unknown) => log('warn', NOT_YET, { error }))
  }

  function publish(): void {
    routes.publish().catch((error: unknown) => log('warn', 'Cannot publish the routes', { error }))
  }

  const keptMs = outside.settings.CLOUDLET_IMAGE_IDLE_SECONDS * 1000
  const images = imageCollector({ store, engine, clock, log, keptMs })
  const roots = rootWatch({ store, engine, clock, timers, log, wake })
  steps.names.onChange(() => {
    assertWalls()
    publish()
  })
  edge.onHealth((reports) => {
    // Before the first look at the engine nothing can be decided, and that look wakes whoever is due.
    if (observer.isUp()) for (const { id } of reports) wake(id)
  })
  return {
    wake,
    wakeNode,
    // Before the first look at the engine nothing can be decided, and that look wakes whoever is due.
    wakeNetwork: (id: string): void => void (observer.isUp() && wakeNetwork(id)),
    wakeTenant,
    isUp: observer.isUp,
    orphans,
    addressesOf: steps.names.addressesOf,
    certificates,
    running: () => known.running(),
    sweepSecrets: () => secrets.sweep(),
    sweepImages: () => images.sweep(AbortSignal.timeout(IMAGE_SWEEP_MS)),
    /** Gives a tenant's group other limits at once; where that fails the next full look does. */
    limitsChanged(tenantId: string): void {
      groups.ensured(tenantId).catch((error: unknown) => {
        log('warn', "Cannot change the limits of a tenant's group", { tenant: tenantId, error })
      })
    },
    assertWalls,
    ready: (signal: AbortSignal) => observer.ready(signal),
    publish,
    start(): void {
      observer.start()
      roots.start()
      // What an earlier life has left under way goes on.
      wakeNode(THIS_NODE)
      publish()
    },
    async stop(): Promise<void> {
      await Promise.all([observer.stop(), roots.stop()])
      const { loop, networks, nodes, tenantLoop } = loops
      await Promise.all([loop, networks, nodes, tenantLoop].map((one) => one.stop(STEP_GRACE_MS)))
    },
  }
}

const NOT_YET = 'Cannot change where containers may go yet'

/** So many connections at a time may one container have open with the world. */
const MOST_CONNECTIONS = 1024

/** What is known of the engine, and of names of the world. */
interface Seen {
  readonly known: KnownEngine
  readonly names: EgressNames
}

function firewallOf(
  { store, engine, firewall, peerPaths, shaper, cables, instance, timers, log }: Outside,
  { known, names }: Seen,
) {
  const { id, resolver, ingressAddress, httpsAddress } = instance
  const place = {
    table: tableName(id),
    bridgePrefix: groupPrefix(id),
    resolver: resolver ?? '',
    ingressPorts: [ingressAddress, httpsAddress].map((address) => hostPort(address).port),
    mostConnections: MOST_CONNECTIONS,
  }
  const pins = cablePins({ engine, known, cables, instance: id, timers, log })
  const hosts = { firewall, peerPaths, shaper, pins, names, timers, log }
  return firewallKeeper({ ...hosts, store, place, instance: id })
}

/** What containers have of the machine beside the engine. */
const hostsOf = (outside: Outside, told: Told, seen: Seen) => ({
  groups: groupsOf(outside, told.accountOf),
  secrets: containerSecrets(outside),
  firewall: firewallOf(outside, seen),
  routes: outside.routes,
})

/** What each step is made of. */
function stepsOf(outside: Outside, told: Told) {
  const { instance, settings, store, engine, edge, clock, timers, log } = outside
  const known = knownEngine()
  const names = egressNames({ outside: outside.outsideNames, clock, timers, log })
  return {
    store,
    engine,
    edge,
    known,
    ...publishing(outside, told.record, names),
    ...hostsOf(outside, told, { known, names }),
    names,
    images: imagesOf(outside, told),
    clock,
    timers,
    lookMs: settings.CLOUDLET_LOOK_SECONDS * 1000,
    log,
    instance: instance.id,
    resolver: instance.resolver,
    internalDomain: settings.CLOUDLET_INTERNAL_DOMAIN,
    operationEnded: told.operationEnded,
    record: told.record,
    watched: told.watched,
    admitImage: told.admitImage,
    erase: told.erase,
    erased: told.erased,
    passing: failpoint(settings.CLOUDLET_FAILPOINT),
  }
}

const groupsOf = ({ store, groups, instance, log }: Outside, accountOf: Told['accountOf']) =>
  tenantGroups({ store, groups, accountOf, instance: instance.id, log })

function imagesOf(outside: Outside, { loginFor, accountOf }: Told) {
  const { store, engine, clock, names, registries, settings } = outside
  const gate = registryGate({ names, registries })
  const mostBytes = settings.CLOUDLET_IMAGE_BYTES
  return imageResolver({ store, engine, clock, loginFor, gate, mostBytes, accountOf })
}

/**
 * Ends this process, as a power cut would, at the point that the file names. Once: the file goes first,
 * or the next life would end at the same point.
 */
function failpoint(file: string): (point: string) => void {
  if (file === '') return () => undefined
  return (point) => {
    if (!existsSync(file) || readFileSync(file, 'utf8') !== point) return
    rmSync(file)
    process.kill(process.pid, 'SIGKILL')
  }
}
