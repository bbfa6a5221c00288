import { imageReference } from '../../src/core/image-reference.ts'
import {
  EngineAway,
  EngineRefusal,
  type ContainerWanted,
  type Engine,
  type EngineContainer,
  type EngineEvent,
  type LogRecord,
  type LogsWanted,
  type NetworkWanted,
} from '../../src/ports/engine.ts'
import type { EngineHost, HostContainer } from './engine-host.ts'

/** The engine as one instance of the platform sees it; the machine itself is `host`. */
export function fakeEngine(host: EngineHost, instance: string): Engine {
  return {
    ...imageCalls(host, instance),
    ...viewCalls(host, instance),
    ...changeCalls(host, instance),
    facts: (signal) => host.call({ instance, method: 'facts', name: '' }, signal, () => FACTS),
    events: (signal) => events(host, { instance, since: host.lastSeq }, signal),
    logs: (name, wanted, signal) => logs(host, name, { instance, wanted, signal }),
  }
}

type Views = 'list' | 'inspectContainer' | 'writtenBytes'

function viewCalls(host: EngineHost, instance: string): Pick<Engine, Views> {
  const own = <T extends { readonly instance: string }>(all: Iterable<T>): T[] =>
    [...all].filter((found) => found.instance === instance)
  return {
    list: (signal) =>
      host.call({ instance, method: 'list', name: '' }, signal, () => ({
        // A list does not tell how one ended.
        containers: own(host.containers.values()).map((container) =>
          view({ ...container, exit: undefined }),
        ),
        networks: own(host.networks.values()).map(({ wanted, engineId }) => ({
          ...labels(wanted),
          engineId,
          name: wanted.name,
        })),
      })),
    inspectContainer: (name, signal) =>
      host.call({ instance, method: 'inspectContainer', name }, signal, () => {
        const container = host.containers.get(name)
        return container?.instance === instance ? view(container) : undefined
      }),
    writtenBytes: (signal) =>
      host.call({ instance, method: 'writtenBytes', name: '' }, signal, () => {
        const running = own(host.containers.values()).filter(({ status }) => status === 'running')
        return new Map(running.map(({ wanted, writtenBytes }) => [wanted.name, writtenBytes]))
      }),
  }
}

type Changes =
  | 'ensureNetwork'
  | 'removeNetwork'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'

function changeCalls(host: EngineHost, instance: string): Pick<Engine, Changes> {
  const to = (method: Changes, name: string) => ({ instance, method, name })
  return {
    ensureNetwork: (wanted, signal) =>
      host.call(to('ensureNetwork', wanted.name), signal, () =>
        ensureNetwork(host, instance, wanted),
      ),
    removeNetwork: (name, signal) =>
      host.call(to('removeNetwork', name), signal, () => removeNetwork(host, name)),
    createContainer: (wanted, signal) =>
      host.call(to('createContainer', wanted.name), signal, () => create(host, instance, wanted)),
    startContainer: (name, signal) =>
      host.call(to('startContainer', name), signal, () => start(host, name)),
    stopContainer: (name, _timeoutSeconds, signal) =>
      host.call(to('stopContainer', name), signal, () => stop(host, name)),
    removeContainer: (name, signal) =>
      host.call(to('removeContainer', name), signal, () => remove(host, name)),
  }
}

const IMAGE_ID = /^sha256:[0-9a-f]{64}$/
const FACTS = {
  version: '20.10.24',
  apiVersion: '1.41',
  liveRestore: true,
  storageDriver: 'overlay2',
}

function imageCalls(host: EngineHost, instance: string): Pick<Engine, 'image' | 'pull'> {
  return {
    image: (reference, signal) =>
      host.call({ instance, method: 'image', name: reference }, signal, () => {
        if (IMAGE_ID.test(reference)) {
          return [...host.images.values()].find(({ imageId }) => imageId === reference)
        }
        return host.images.get(whole('inspect', reference))
      }),
    pull: (wanted, onProgress, signal) =>
      host.call({ instance, method: 'pull', name: wanted.reference }, signal, () => {
        const name = whole('pull', wanted.reference)
        const { registry } = host.deps
        if (!registry) throw new EngineRefusal(`pull "${name}"`, 404, 'no registry can be reached')
        host.images.set(name, registry({ ...wanted, reference: name }))
        onProgress(100)
      }),
  }
}

function whole(action: string, reference: string): string {
  const name = imageReference(reference)
  if (name.ok) return name.normalised
  throw new EngineRefusal(`${action} image "${reference}"`, 400, name.reason)
}

function ensureNetwork(host: EngineHost, instance: string, wanted: NetworkWanted): void {
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
  host.networks.set(wanted.name, { instance, wanted, engineId: host.newId() })
}

function removeNetwork(host: EngineHost, name: string): void {
  const members = [...host.containers.values()].filter(
    ({ wanted, status }) => wanted.network === name && status === 'running',
  )
  if (members.length > 0) {
    throw new EngineRefusal(`remove network "${name}"`, 403, 'the network has active endpoints')
  }
  host.networks.delete(name)
}

function create(host: EngineHost, instance: string, wanted: ContainerWanted): string {
  const action = `create container "${wanted.name}"`
  const there = host.containers.get(wanted.name)
  if (there) {
    const { wanted: old, engineId } = there
    const same = old.id === wanted.id && old.generation === wanted.generation
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

function start(host: EngineHost, name: string): void {
  const action = `start container "${name}"`
  const container = host.containers.get(name)
  if (!container) throw new EngineRefusal(action, 404, `No such container: ${name}`)
  if (container.status === 'running') return
  const refusal = whyNot(host, container)
  if (refusal) {
    container.exit = host.neverStarted(refusal.answer)
    throw new EngineRefusal(action, refusal.status, refusal.answer)
  }
  const program = host.deps.program?.(container.wanted) ?? {}
  container.status = 'running'
  container.exit = undefined
  container.startedAt = host.deps.now()
  host.tell(container, 'start')
  for (const { line, stream } of program.lines ?? []) host.say(name, line, stream)
  if (program.exits !== undefined) host.exit(name, program.exits)
}

/** What keeps a container from being started. */
function whyNot(host: EngineHost, { wanted }: HostContainer) {
  const { network, address } = wanted
  if (!host.networks.has(network)) return { status: 404, answer: `network ${network} not found` }
  const taken = [...host.containers.values()].some(
    (other) =>
      other.status === 'running' &&
      other.wanted.network === network &&
      other.wanted.address === address,
  )
  if (taken) return { status: 403, answer: 'Address already in use' }
  const { cannotStart } = host.deps.program?.(wanted) ?? {}
  return cannotStart === undefined ? undefined : { status: 400, answer: cannotStart }
}

function stop(host: EngineHost, name: string): void {
  const container = host.containers.get(name)
  if (container?.status !== 'running') return
  const { ignoresStopSignal = false } = host.deps.program?.(container.wanted) ?? {}
  host.tell(container, 'kill')
  host.exit(name, ignoresStopSignal ? 137 : 143)
  host.tell(container, 'stop')
}

function remove(host: EngineHost, name: string): void {
  const container = host.containers.get(name)
  if (!container) return
  if (container.status === 'running') {
    host.tell(container, 'kill')
    host.exit(name, 137)
  }
  host.containers.delete(name)
  host.tell(container, 'destroy')
}

function labels({ tenant, id, generation }: ContainerWanted | NetworkWanted) {
  return { tenant, id, generation }
}

function view({ wanted, engineId, status, exit, hostPorts }: HostContainer): EngineContainer {
  return {
    ...labels(wanted),
    engineId,
    name: wanted.name,
    status,
    ...(exit && { exit }),
    published: status === 'running' ? hostPorts : [],
  }
}

async function* events(
  host: EngineHost,
  from: { readonly instance: string; readonly since: number },
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  let { since } = from
  await host.call({ instance: from.instance, method: 'events', name: '' }, signal, () => undefined)
  while (!signal.aborted) {
    if (host.down) throw new EngineAway('Cannot listen to the engine: the answer broke off')
    const change = host.change(signal)
    for (const { event, seq } of host.eventsAfter(since, from.instance)) {
      since = seq
      yield event
    }
    await change
  }
}

async function* logs(
  host: EngineHost,
  name: string,
  asked: { readonly instance: string; readonly wanted: LogsWanted; readonly signal: AbortSignal },
): AsyncGenerator<LogRecord, void, void> {
  const { instance, wanted, signal } = asked
  const container = await host.call({ instance, method: 'logs', name }, signal, () => {
    const found = host.containers.get(name)
    if (found) return found
    throw new EngineRefusal(`read the log of "${name}"`, 404, `No such container: ${name}`)
  })
  const { since, tail, streams, follow } = wanted
  const isWanted = ({ stream, time }: LogRecord): boolean =>
    streams.includes(stream) && (!since || (time ?? since) >= since)
  let read = container.log.length
  const old = container.log.slice(0, read).filter(isWanted)
  yield* tail === undefined ? old : old.slice(Math.max(0, old.length - tail))
  if (!follow) return
  while (!signal.aborted) {
    if (host.down) throw new EngineAway(`Cannot read the log of "${name}": it broke off`)
    const change = host.change(signal)
    const fresh = container.log.slice(read)
    read += fresh.length
    yield* fresh.filter(isWanted)
    if (container.status !== 'running') return
    await change
  }
}
