import { marksDiffer } from '../../src/core/spec-mark.ts'
import {
  EngineRefusal,
  type ContainerWanted,
  type EndpointWanted,
  type NetworkWanted,
} from '../../src/ports/engine.ts'
import { isUp, type EngineHost, type HostContainer } from './engine-host.ts'

/** What an engine does when it is told to: by the platform, or by another hand. */

export function ensureNetwork(host: EngineHost, instance: string, wanted: NetworkWanted): void {
  const action = `create network "${wanted.name}"`
  const there = host.networks.get(wanted.name)
  const same = ['id', 'generation', 'subnet', 'bridge'] as const
  if (there?.instance === instance && same.every((key) => there.wanted[key] === wanted[key])) return
  if (there) throw new EngineRefusal(action, 409, 'another network has that name')
  for (const { wanted: other } of host.networks.values()) {
    if (other.subnet === wanted.subnet) {
      throw new EngineRefusal(action, 403, 'Pool overlaps with other one on this address space')
    }
  }
  host.networks.set(wanted.name, {
    instance,
    wanted,
    engineId: host.newId(),
    createdAt: host.deps.now(),
  })
}

export function removeNetwork(host: EngineHost, name: string): void {
  const inside = [...host.containers.values()].some(
    (container) => isUp(container) && container.set.networks.includes(name),
  )
  if (inside) {
    throw new EngineRefusal(`remove network "${name}"`, 403, 'the network has active endpoints')
  }
  host.networks.delete(name)
}

export function create(host: EngineHost, instance: string, wanted: ContainerWanted): string {
  const action = `create container "${wanted.name}"`
  const there = host.containers.get(wanted.name)
  if (there) {
    const { wanted: old, engineId } = there
    const same =
      old.id === wanted.id &&
      old.generation === wanted.generation &&
      !marksDiffer(old.spec, wanted.spec)
    if (there.instance === instance && same) return engineId
    throw new EngineRefusal(action, 409, 'a container of another owner has that name')
  }
  if (![...host.images.values()].some(({ imageId }) => imageId === wanted.imageId)) {
    throw new EngineRefusal(action, 404, `No such image: ${wanted.imageId}`)
  }
  const first = host.freePort()
  const container: HostContainer = {
    instance,
    wanted,
    engineId: host.newId(),
    name: wanted.name,
    createdAt: host.deps.now(),
    set: setOf(wanted),
    addresses: new Map([[wanted.network, wanted.address]]),
    startedIn: new Map(),
    hostPorts: wanted.publish
      ? wanted.ports.map(({ port, protocol }, i) => ({ port, protocol, hostPort: first + i }))
      : [],
    log: [],
    status: 'created',
    startedAt: new Date(0),
    exit: undefined,
    writtenBytes: 0,
  }
  host.containers.set(wanted.name, container)
  host.tell(container, 'create')
  return container.engineId
}

export function start(host: EngineHost, name: string): void {
  const action = `start container "${name}"`
  const container = host.containers.get(name)
  if (!container) throw new EngineRefusal(action, 404, `No such container: ${name}`)
  if (isUp(container)) return
  const refusal = whyNot(host, container)
  if (refusal) {
    container.exit = host.neverStarted(refusal.answer)
    throw new EngineRefusal(action, refusal.status, refusal.answer)
  }
  const program = host.deps.program?.(container.wanted) ?? {}
  container.status = 'running'
  container.exit = undefined
  container.startedAt = host.deps.now()
  container.startedIn = new Map(
    container.set.networks.map((network) => [network, host.networks.get(network)?.engineId ?? '']),
  )
  host.tell(container, 'start')
  for (const { line, stream } of program.lines ?? []) host.say(name, line, stream)
  if (program.exits !== undefined) host.exit(name, program.exits)
}

/** What keeps a container from being started. */
function whyNot(host: EngineHost, container: HostContainer) {
  const { wanted, set, startedIn } = container
  const missing = set.networks.find((name) => {
    const network = host.networks.get(name)
    return !network || (startedIn.get(name) ?? network.engineId) !== network.engineId
  })
  if (missing !== undefined) return { status: 404, answer: `network ${missing} not found` }
  if (set.networks.some((network) => isTaken(host, container, network)))
    return { status: 403, answer: 'Address already in use' }
  const { cannotStart } = host.deps.program?.(wanted) ?? {}
  return cannotStart === undefined ? undefined : { status: 400, answer: cannotStart }
}

/** Whether a process has that address in that network. */
const isTaken = (host: EngineHost, container: HostContainer, network: string): boolean =>
  [...host.containers.values()].some(
    (other) =>
      isUp(other) &&
      other !== container &&
      other.set.networks.includes(network) &&
      other.addresses.get(network) === container.addresses.get(network),
  )

export function stop(host: EngineHost, name: string): void {
  const container = host.containers.get(name)
  if (!container || !isUp(container)) return
  const { ignoresStopSignal = false } = host.deps.program?.(container.wanted) ?? {}
  host.tell(container, 'kill')
  host.exit(name, ignoresStopSignal ? 137 : 143)
  host.tell(container, 'stop')
}

export function remove(host: EngineHost, name: string): void {
  const container = host.containers.get(name)
  if (!container) return
  if (isUp(container)) {
    host.tell(container, 'kill')
    host.exit(name, 137)
  }
  host.containers.delete(name)
  host.tell(container, 'destroy')
}

function setOf({ memoryBytes, cpuMilli, cpuShares, pids, network }: ContainerWanted) {
  return { memoryBytes, cpuMilli, cpuShares, pids, restart: 'no', networks: [network] }
}

function present(host: EngineHost, action: string, name: string): HostContainer {
  const container = host.containers.get(name)
  if (container) return container
  throw new EngineRefusal(`${action} container "${name}"`, 404, `No such container: ${name}`)
}

export function update(
  host: EngineHost,
  name: string,
  change: Partial<HostContainer['set']>,
): void {
  const container = present(host, 'change', name)
  container.set = { ...container.set, ...change }
  host.tell(container, 'update')
}

/** Only another hand does this. */
export function pause(host: EngineHost, name: string): void {
  const container = present(host, 'pause', name)
  if (container.status !== 'running') throw new EngineRefusal('pause', 409, 'it does not run')
  container.status = 'paused'
  host.tell(container, 'pause')
}

export function unpause(host: EngineHost, name: string): void {
  const container = host.containers.get(name)
  if (container?.status !== 'paused') return
  container.status = 'running'
  host.tell(container, 'unpause')
}

export function rename(host: EngineHost, engineId: string, name: string): void {
  const action = `rename a container to "${name}"`
  const container = [...host.containers.values()].find((one) => one.engineId === engineId)
  if (!container) throw new EngineRefusal(action, 404, `No such container: ${engineId}`)
  if (container.name === name) return
  if (host.containers.has(name)) throw new EngineRefusal(action, 409, 'the name is already in use')
  host.containers.delete(container.name)
  container.name = name
  host.containers.set(name, container)
  host.tell(container, 'rename')
}

export function connect(host: EngineHost, name: string, to: EndpointWanted): void {
  const { network, address } = to
  const action = `connect container "${name}"`
  const container = present(host, 'connect', name)
  if (!host.networks.has(network)) {
    throw new EngineRefusal(action, 404, `network ${network} not found`)
  }
  if (container.set.networks.includes(network)) return
  container.addresses.set(network, address)
  if (isUp(container) && isTaken(host, container, network)) {
    throw new EngineRefusal(action, 403, 'Address already in use')
  }
  container.set = { ...container.set, networks: [...container.set.networks, network] }
}

export function disconnect(host: EngineHost, name: string, network: string): void {
  const container = present(host, 'disconnect', name)
  const networks = container.set.networks.filter((one) => one !== network)
  container.startedIn = new Map([...container.startedIn].filter(([one]) => one !== network))
  container.set = { ...container.set, networks }
}
