import { setTimeout as pause } from 'node:timers/promises'
import {
  EngineRefusal,
  type ContainerWanted,
  type Engine,
  type EngineContainer,
  type LogRecord,
  type LogsWanted,
  type NetworkWanted,
} from '../../src/ports/engine.ts'

/** What the suite needs of a machine: engines that see it, an image with a shell, and free numbers. */
export interface EngineBench {
  /** The engine as one more instance sees it, and that instance's name. */
  engine(): { readonly engine: Engine; readonly instance: string }
  readonly imageId: string
  readonly imageReference: string
  /** A /24 that nobody has, without its last number: `10.250.3`. */
  subnet(): string
  newId(): string
  /** What somebody else on the machine does to a container. */
  readonly hands: {
    pause(name: string): Promise<void>
    update(name: string, change: { memoryBytes: number; restart: string }): Promise<void>
    rename(name: string, to: string): Promise<void>
    disconnect(name: string, network: string): Promise<void>
  }
}

/** What containers do here. The fake knows these by heart, so each is told by its own words. */
export const PROGRAMS = {
  forEver: ['sleep', '600'],
  ends: ['sh', '-c', 'exit 3'],
  speaks: ['sh', '-c', 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; exec sleep 600'],
  deaf: ['sh', '-c', 'trap "" TERM; echo deaf; while true; do sleep 1; done'],
  missing: ['/no/such/program'],
} as const

const DEADLINE_MS = 60_000
export const BOTH = ['stdout', 'stderr'] as const

export type World = Awaited<ReturnType<typeof newWorld>>

export type Checks = Record<string, (world: World) => Promise<void>>

export const refusedWith = (status: number) => (error: unknown) =>
  error instanceof EngineRefusal && error.status === status && error.answer.length > 0

/** One instance with one network, and what makes containers in it. */
export async function newWorld(bench: EngineBench) {
  const { engine, instance } = bench.engine()
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const base = bench.subnet()
  const network = networkOf(instance, bench.newId(), base)

  function wanted(command: readonly string[], last = 5): ContainerWanted {
    const id = bench.newId()
    return {
      ...PLAIN,
      name: `cl-t-ctr-${id}`,
      id,
      imageId: bench.imageId,
      command,
      network: network.name,
      address: `${base}.${last}`,
      mac: `02:42:00:00:00:0${last}`,
    }
  }

  async function run(command: readonly string[], last?: number): Promise<ContainerWanted> {
    const container = wanted(command, last)
    await engine.createContainer(container, signal)
    await engine.startContainer(container.name, signal)
    return container
  }

  /** Waits until the container is as the test expects, looking again and again. */
  async function until(name: string, is: (found: EngineContainer) => boolean) {
    for (;;) {
      const found = await engine.inspectContainer(name, signal)
      if (found && is(found)) return found
      await pause(20, undefined, { signal })
    }
  }

  async function clear(): Promise<void> {
    const last = AbortSignal.timeout(DEADLINE_MS)
    const view = await engine.list(last)
    await Promise.all(view.containers.map(({ name }) => engine.removeContainer(name, last)))
    await Promise.all(view.networks.map(({ name }) => engine.removeNetwork(name, last)))
  }

  await engine.ensureNetwork(network, signal)
  return { bench, engine, instance, signal, network, wanted, run, until, clear }
}

export function networkOf(instance: string, id: string, base: string): NetworkWanted {
  return {
    name: `cl-t-net-${id}`,
    tenant: 't',
    id,
    generation: 1,
    bridge: `cl${instance.slice(0, 4)}${id.slice(0, 8)}`,
    subnet: `${base}.0/24`,
    gateway: `${base}.1`,
    engineRange: `${base}.248/30`,
  }
}

const PLAIN = {
  tenant: 't',
  generation: 1,
  spec: '1-one',
  hostname: 'hello',
  env: {},
  labels: {},
  resolver: null,
  searchDomain: 't.internal',
  memoryBytes: 32 * 1024 * 1024,
  cpuMilli: 500,
  cpuShares: 512,
  pids: 32,
  readOnlyRoot: false,
  capabilities: [],
  tmpfs: [],
  stopTimeoutSeconds: 10,
  ports: [],
  publish: false,
} as const

export async function gathered(
  { engine, signal }: World,
  name: string,
  asked: Partial<LogsWanted> = {},
): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const wanted = { follow: false, streams: BOTH, ...asked }
  for await (const record of engine.logs(name, wanted, signal)) records.push(record)
  return records
}
