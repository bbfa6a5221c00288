import type { Store } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { parseCidr } from '../core/cidr.ts'
import {
  appPortOf,
  capabilitiesOf,
  environmentOf,
  mayBeRoot,
  tmpfsFor,
  type PortSpec,
} from '../core/container-shape.ts'
import { bridgeName, dockerName } from '../core/docker-names.ts'
import { wrongField } from '../core/failure.ts'
import { layoutOf } from '../core/ipam.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Edge } from '../ports/edge.ts'
import {
  EngineRefusal,
  type ContainerWanted,
  type Engine,
  type ImageFacts,
} from '../ports/engine.ts'
import type { StepAt } from './containers.ts'
import type { KnownEngine } from './engine-view.ts'
import type { ImageResolver } from './images.ts'
import { advanceOperations } from './operation-notes.ts'
import { publishSoon, type Publisher } from './publisher.ts'

export interface StepDeps {
  readonly store: Store
  readonly engine: Engine
  readonly edge: Edge
  readonly known: KnownEngine
  readonly publisher: Publisher
  readonly images: ImageResolver
  readonly clock: Clock
  readonly log: Log
  readonly instance: string
  /** Null where containers get no names (unisolated). */
  readonly resolver: string | null
  readonly internalDomain: string
  readonly operationEnded: (id: string) => void
  /** Called between every two steps; tests let the process die there. */
  readonly passing: (point: string) => void
}

/** What of a spec the engine is told. Written by the container service alone, from a parsed spec. */
interface EngineSpec {
  readonly image: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly workingDir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly user?: string
  readonly ports?: readonly PortSpec[]
  readonly labels?: Readonly<Record<string, string>>
  readonly stopSignal?: string
  readonly stopTimeoutSeconds: number
  readonly publish: boolean
}

/** How long an edge that is up may take to say that it serves a table. */
const ACKNOWLEDGE_MS = 5_000
const PROGRESS_EVERY_MS = 500
/** A second look at the engine shows what another hand has changed; more would go round in circles. */
const NOT_FOUND = 404

export function containerSteps(deps: StepDeps) {
  const { store, engine, known, clock } = deps
  const now = (): number => clock.now().getTime()

  async function resolveImage(placed: PlacedContainer, signal: AbortSignal): Promise<void> {
    const { row } = placed
    const spec = specOf(row)
    const facts = await deps.images(
      { tenantId: row.tenantId, image: spec.image },
      { begins: () => moved(row, 'pulling', 'pull', 5), progress: progressOf(row) },
      signal,
    )
    const { appPort } = checkedAgainst(facts, spec, row)
    await store.write(async (q) => {
      const change = { imageJson: JSON.stringify(facts), appPort, state: 'creating' as const }
      if (await q.containers.updateAt(row, change)) {
        await advanceOperations(q, { targetId: row.id, nowMs: now() }, 'create', 40)
      }
    })
    deps.passing('image-resolved')
    // From here on the app's port is known, so requests can wait for it instead of being refused.
    publishSoon(deps)
  }

  /** Progress of a pull is written now and then, not with every line that the engine prints. */
  function progressOf(row: ContainerRow): (percent: number) => void {
    let last = 0
    return (percent) => {
      if (now() - last < PROGRESS_EVERY_MS) return
      last = now()
      moved(row, 'pulling', 'pull', 5 + Math.round(percent * 0.3)).catch((error: unknown) => {
        deps.log('warn', 'Cannot note the progress of a pull', { container: row.id, error })
      })
    }
  }

  async function moved(
    row: ContainerRow,
    state: ContainerRow['state'],
    step: string,
    progress: number,
  ) {
    await store.write(async (q) => {
      if (!(await q.containers.updateAt(row, { state }))) return
      await advanceOperations(q, { targetId: row.id, nowMs: now() }, step, progress)
    })
  }

  async function create({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    const { row } = placed
    const facts = imageOf(row)
    await ensureNetwork(placed, signal)
    deps.passing('network-ensured')
    try {
      const engineId = await engine.createContainer(wantedOf(deps, placed, { name, facts }), signal)
      known.put({
        engineId,
        name,
        tenant: placed.tenant,
        id: row.id,
        generation: row.specGeneration,
        status: 'created',
        published: [],
      })
      deps.passing('container-created')
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      // Adopted or refused by name: what is there now decides.
      const there = await engine.inspectContainer(name, signal)
      if (there) return known.put(there)
      if (error.status !== NOT_FOUND) throw error
      // The image went between the look and the create: look for it again, by pulling if need be.
      if (await engine.image(facts.imageId, signal)) throw error
      await store.write((q) => q.containers.updateAt(row, { imageJson: null }))
    }
  }

  async function ensureNetwork({ row, network, tenant }: PlacedContainer, signal: AbortSignal) {
    const name = dockerName(tenant, 'network', network.id)
    if (known.hasNetwork(name)) return
    const subnet = parseCidr(network.subnet)
    if (!subnet) throw new Error(`Network "${network.id}" has the subnet "${network.subnet}"`)
    const { gateway, engineRange } = layoutOf(subnet)
    await engine.ensureNetwork(
      {
        name,
        tenant,
        id: network.id,
        generation: 1,
        bridge: bridgeName(deps.instance, network.id),
        subnet: network.subnet,
        gateway,
        engineRange,
      },
      signal,
    )
    known.putNetwork(name)
    await store.write((q) => q.networks.update(row.networkId, { state: 'ready' }))
  }

  /**
   * The edge knows who will ask before anyone can ask, and the run is written down before it is begun.
   * Which of the two comes first does not matter: a run that was written down and not begun is started
   * by the step `start`, which tells the edge again.
   */
  async function beginRun(at: StepAt, signal: AbortSignal): Promise<void> {
    const { row } = at.placed
    const startingAt = now()
    const written = store.write(async (q) => {
      const change = { startedRun: row.run, startingAt, state: 'starting' as const }
      if (!(await q.containers.updateAt(row, change))) return false
      await advanceOperations(q, { targetId: row.id, nowMs: startingAt }, 'start', 60)
      return true
    })
    const [begun] = await Promise.all([written, told(signal)])
    deps.passing('edge-told')
    deps.passing('run-begun')
    if (begun) await launch(at, signal)
  }

  async function start(at: StepAt, signal: AbortSignal): Promise<void> {
    // After a crash the edge may have forgotten; telling it what it knows costs a millisecond.
    await told(signal)
    await launch(at, signal)
  }

  async function launch({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    try {
      await engine.startContainer(name, signal)
    } catch (error) {
      if (!(error instanceof EngineRefusal) || error.status !== NOT_FOUND) throw error
      // Removed by another hand meanwhile, or its network was: forget both, and make them anew.
      known.drop(name)
      known.dropNetwork(dockerName(placed.tenant, 'network', placed.network.id))
      if (await engine.inspectContainer(name, signal)) await engine.removeContainer(name, signal)
      return
    }
    deps.passing('container-started')
    const there = known.container(name)
    if (there) {
      const { exit: _, ...rest } = there
      known.put({ ...rest, status: 'running' })
    }
  }

  async function told(signal: AbortSignal): Promise<void> {
    const version = await deps.publisher.publish()
    await deps.edge.acknowledged(
      version,
      AbortSignal.any([signal, AbortSignal.timeout(ACKNOWLEDGE_MS)]),
    )
  }

  /** Nothing new is sent to one that is to stop; what is under way has the stop time to finish. */
  async function stop({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    await withdrawn(placed, signal)
    await engine.stopContainer(name, specOf(placed.row).stopTimeoutSeconds, signal)
    deps.passing('container-stopped')
    const there = await engine.inspectContainer(name, signal)
    if (there) known.put(there)
    else known.drop(name)
  }

  async function remove({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    await withdrawn(placed, signal)
    deps.passing('withdrawn')
    await engine.removeContainer(name, signal)
    known.drop(name)
    deps.passing('container-removed')
  }

  /** An edge that is away cannot hold up a stop: it sends nothing either. */
  async function withdrawn({ row }: PlacedContainer, signal: AbortSignal): Promise<void> {
    try {
      await told(signal)
    } catch (error) {
      signal.throwIfAborted()
      deps.log('warn', 'The edge has not confirmed that a container is out', {
        container: row.id,
        error,
      })
    }
  }

  return { resolveImage, create, beginRun, start, stop, remove }
}

const specOf = (row: ContainerRow): EngineSpec => JSON.parse(row.specJson) as EngineSpec

/** Written by `resolveImage` alone, from the engine's own answer. */
function imageOf(row: ContainerRow): ImageFacts {
  if (row.imageJson === null) throw new Error(`Container "${row.id}" has no image yet`)
  return JSON.parse(row.imageJson) as ImageFacts
}

/** What only the image could show to be wrong. */
function checkedAgainst(
  facts: ImageFacts,
  spec: EngineSpec,
  row: ContainerRow,
): { appPort: number | null } {
  const user = spec.user ?? facts.user
  if (row.policy === 'restricted' && mayBeRoot(user)) {
    throw wrongField(
      'json#/user',
      `the image "${spec.image}" runs as "${user || 'root'}", which the policy "restricted" does not allow: give a number above 0, e.g. "1000:1000"`,
    )
  }
  const app = appPortOf(spec.ports, facts.exposedTcpPorts)
  if ('port' in app) return { appPort: app.port }
  throw wrongField(
    'json#/ports',
    `the image exposes the ports ${app.ambiguous.join(', ')}: say which is the app's with "ports": [{"port": ${app.ambiguous[0]}, "app": true}]`,
  )
}

function wantedOf(
  deps: StepDeps,
  { row, tenant, network, address, mac }: PlacedContainer,
  { name, facts }: { name: string; facts: ImageFacts },
): ContainerWanted {
  const spec = specOf(row)
  const ports =
    spec.ports ?? facts.exposedTcpPorts.map((port) => ({ port, protocol: 'tcp' as const }))
  return {
    name,
    tenant,
    id: row.id,
    generation: row.specGeneration,
    hostname: row.name,
    imageId: facts.imageId,
    ...(spec.command && { command: spec.command }),
    ...(spec.entrypoint && { entrypoint: spec.entrypoint }),
    ...(spec.workingDir !== undefined && { workingDir: spec.workingDir }),
    env: environmentOf({
      id: row.id,
      name: row.name,
      tenant,
      appPort: row.appPort,
      env: spec.env ?? {},
    }),
    ...(spec.user !== undefined && { user: spec.user }),
    labels: spec.labels ?? {},
    network: dockerName(tenant, 'network', network.id),
    address,
    mac,
    resolver: deps.resolver,
    searchDomain: `${tenant}.${deps.internalDomain}`,
    memoryBytes: row.memoryBytes,
    cpuMilli: row.cpuMilli,
    cpuShares: row.cpuShares,
    pids: row.pids,
    readOnlyRoot: row.policy === 'restricted',
    capabilities: capabilitiesOf(row.policy),
    tmpfs: tmpfsFor(facts.volumes),
    ...(spec.stopSignal !== undefined && { stopSignal: spec.stopSignal }),
    stopTimeoutSeconds: spec.stopTimeoutSeconds,
    ports: ports.map(({ port, protocol }) => ({ port, protocol })),
    publish: spec.publish,
  }
}
