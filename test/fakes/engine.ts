import { imageReference } from '../../src/core/image-reference.ts'
import {
  EngineAway,
  EngineRefusal,
  type ContainerWanted,
  type Engine,
  type EngineContainer,
  type EngineEvent,
  type EngineSample,
  type LogRecord,
  type LogsWanted,
  type NetworkWanted,
} from '../../src/ports/engine.ts'
import {
  connect,
  create,
  disconnect,
  ensureNetwork,
  remove,
  removeNetwork,
  rename,
  start,
  stop,
  unpause,
  update,
} from './engine-changes.ts'
import { isUp, type EngineHost, type HostContainer } from './engine-host.ts'

/** The engine as one instance of the platform sees it; the machine itself is `host`. */
export function fakeEngine(host: EngineHost, instance: string): Engine {
  return {
    ...imageCalls(host, instance),
    ...viewCalls(host, instance),
    ...changeCalls(host, instance),
    facts: (signal) =>
      host.call({ instance, method: 'facts', name: '' }, signal, () => ({
        ...FACTS,
        sandbox: host.deps.sandbox === true,
      })),
    events: (signal) => events(host, { instance, since: host.lastSeq }, signal),
    logs: (name, wanted, signal) => logs(host, name, { instance, wanted, signal }),
  }
}

type Views = 'list' | 'inspectContainer' | 'sample' | 'writtenBytes'

function viewCalls(host: EngineHost, instance: string): Pick<Engine, Views> {
  const own = <T extends { readonly instance: string }>(all: Iterable<T>): T[] =>
    [...all].filter((found) => found.instance === instance)
  return {
    list: (signal) =>
      host.call({ instance, method: 'list', name: '' }, signal, () => ({
        // A list does not tell how one ended.
        containers: own(host.containers.values()).map((container) =>
          listed({ ...container, exit: undefined }),
        ),
        networks: own(host.networks.values()).map(({ wanted, engineId, createdAt }) => ({
          ...labels(wanted),
          engineId,
          createdAt,
          name: wanted.name,
        })),
      })),
    inspectContainer: (name, signal) =>
      host.call({ instance, method: 'inspectContainer', name }, signal, () => {
        const container = host.containers.get(name)
        return container?.instance === instance ? inspected(container) : undefined
      }),
    sample: (name, signal) =>
      host.call({ instance, method: 'sample', name }, signal, () => {
        const container = host.containers.get(name)
        return container && isUp(container) ? sampled(container, host.deps.now()) : undefined
      }),
    writtenBytes: (signal) =>
      host.call({ instance, method: 'writtenBytes', name: '' }, signal, () => {
        const running = own(host.containers.values()).filter(isUp)
        return new Map(running.map(({ name, writtenBytes }) => [name, writtenBytes]))
      }),
  }
}

type Changes =
  | 'ensureNetwork'
  | 'ranges'
  | 'removeNetwork'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'updateContainer'
  | 'unpauseContainer'
  | 'renameContainer'
  | 'connectContainer'
  | 'disconnectContainer'

function changeCalls(host: EngineHost, instance: string): Pick<Engine, Changes> {
  const to = (method: Changes, name: string) => ({ instance, method, name })
  return {
    ensureNetwork: (wanted, signal) =>
      host.call(to('ensureNetwork', wanted.name), signal, () =>
        ensureNetwork(host, instance, wanted),
      ),
    removeNetwork: (name, signal) =>
      host.call(to('removeNetwork', name), signal, () => removeNetwork(host, name)),
    ranges: (signal) =>
      host.call(to('ranges', ''), signal, () =>
        [...host.networks.values()].map(({ wanted }) => wanted.subnet),
      ),
    createContainer: (wanted, signal) =>
      host.call(to('createContainer', wanted.name), signal, () => create(host, instance, wanted)),
    startContainer: (name, signal) =>
      host.call(to('startContainer', name), signal, () => start(host, name)),
    stopContainer: (name, _timeoutSeconds, signal) =>
      host.call(to('stopContainer', name), signal, () => stop(host, name)),
    removeContainer: (name, signal) =>
      host.call(to('removeContainer', name), signal, () => remove(host, name)),
    updateContainer: (name, limits, signal) =>
      host.call(to('updateContainer', name), signal, () =>
        update(host, name, { ...limits, restart: 'no' }),
      ),
    unpauseContainer: (name, signal) =>
      host.call(to('unpauseContainer', name), signal, () => unpause(host, name)),
    renameContainer: (engineId, name, signal) =>
      host.call(to('renameContainer', name), signal, () => rename(host, engineId, name)),
    connectContainer: (name, wanted, signal) =>
      host.call(to('connectContainer', name), signal, () => connect(host, name, wanted)),
    disconnectContainer: (name, network, signal) =>
      host.call(to('disconnectContainer', name), signal, () => disconnect(host, name, network)),
  }
}

const IMAGE_ID = /^sha256:[0-9a-f]{64}$/
const FACTS = {
  product: 'docker',
  version: '20.10.24',
  apiVersion: '1.41',
  oldestApiVersion: '1.12',
  liveRestore: true,
  storageDriver: 'overlay2',
  cgroupDriver: 'cgroupfs',
  cgroupVersion: '1',
  kernel: '6.1.0',
  runcVersion: '1.1.5',
  runtimes: ['runc'],
  walls: ['seccomp'],
  rootDir: '/var/lib/docker',
  clockSkewMs: 0,
} as const

function imageCalls(
  host: EngineHost,
  instance: string,
): Pick<Engine, 'image' | 'pull' | 'removeImage'> {
  return {
    image: (reference, signal) =>
      host.call({ instance, method: 'image', name: reference }, signal, () => {
        if (IMAGE_ID.test(reference)) {
          return [...host.images.values()].find(({ imageId }) => imageId === reference)
        }
        return host.images.get(whole('inspect', reference))
      }),
    removeImage: (reference, signal) =>
      host.call({ instance, method: 'removeImage', name: reference }, signal, () => {
        const isId = IMAGE_ID.test(reference)
        const name = isId ? reference : whole('remove', reference)
        const id = isId ? reference : host.images.get(name)?.imageId
        const names = [...host.images].filter(([, { imageId }]) => imageId === id)
        const isUsed = [...host.containers.values()].some(({ wanted }) => wanted.imageId === id)
        const refuse = (why: string) => new EngineRefusal(`remove image "${name}"`, 409, why)
        if (isId && names.length > 1) throw refuse('image is referenced in multiple repositories')
        if (names.length === 1 && isUsed) throw refuse('image is being used by a container')
        for (const [one] of isId ? names : [[name]]) host.images.delete(one)
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

function labels({ tenant, id, generation }: ContainerWanted | NetworkWanted) {
  return { tenant, id, generation }
}

function listed(container: HostContainer): EngineContainer {
  const { wanted, engineId, name, status, exit, hostPorts, createdAt } = container
  return {
    ...labels(wanted),
    spec: wanted.spec,
    engineId,
    name,
    createdAt,
    status,
    ...(exit && { exit }),
    published: isUp(container) ? hostPorts : [],
  }
}

/** A process that is busy for a quarter of the time, and neither speaks nor writes. */
const sampled = ({ set, startedAt }: HostContainer, now: Date): EngineSample => ({
  cpuNanos: ((now.getTime() - startedAt.getTime()) * 1e6) / 4,
  memoryBytes: 1024 * 1024,
  memoryLimitBytes: set.memoryBytes,
  pids: 1,
  receivedBytes: 0,
  sentBytes: 0,
  readBytes: 0,
  writtenBytes: 0,
})

const inspected = (container: HostContainer): EngineContainer => ({
  ...listed(container),
  set: { ...container.set, networks: [...container.set.networks] },
  ...(isUp(container) && { netns: `/netns/${container.name}` }),
})

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
    if (!isUp(container)) return
    await change
  }
}
