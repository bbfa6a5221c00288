/** What the platform asks of a container engine. Every change may be repeated: the second does nothing. */
export interface Engine {
  facts(signal: AbortSignal): Promise<EngineFacts>
  /** Everything that carries this instance's label; of other instances nothing is seen. */
  list(signal: AbortSignal): Promise<EngineView>
  /** Events of this instance's containers from now on (hints: some can be lost). Ends with `signal`. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>

  ensureNetwork(wanted: NetworkWanted, signal: AbortSignal): Promise<void>
  removeNetwork(name: string, signal: AbortSignal): Promise<void>
  /** Ranges of all its networks, whoever has made them. */
  ranges(signal: AbortSignal): Promise<readonly string[]>

  /** Answers the image's facts, or undefined where the engine does not have it. */
  image(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined>
  /** Throws EngineRefusal with the registry's own words. `onProgress` gets 0 to 100. */
  pull(
    wanted: PullWanted,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<void>

  /**
   * Takes a name from an image, or the image itself, by its id; the last name takes the image with it. One that
   * is gone is fine. Throws EngineRefusal where a container is made of it, or it has further names.
   */
  removeImage(reference: string, signal: AbortSignal): Promise<void>

  /** Answers the engine's id; one of the same name and labels that is there already is adopted. */
  createContainer(wanted: ContainerWanted, signal: AbortSignal): Promise<string>
  startContainer(name: string, signal: AbortSignal): Promise<void>
  /** Sends the stop signal, and SIGKILL when the time is over. One that is gone or stopped is fine. */
  stopContainer(name: string, timeoutSeconds: number, signal: AbortSignal): Promise<void>
  removeContainer(name: string, signal: AbortSignal): Promise<void>
  /** Sets the limits of one that is there, running or not; the engine restarts nothing by itself after it. */
  updateContainer(name: string, limits: EngineLimits, signal: AbortSignal): Promise<void>
  /** One that is gone or not paused is fine. */
  unpauseContainer(name: string, signal: AbortSignal): Promise<void>
  /** Gives the object of this id the name that it is to have. */
  renameContainer(engineId: string, name: string, signal: AbortSignal): Promise<void>
  connectContainer(name: string, to: EndpointWanted, signal: AbortSignal): Promise<void>
  disconnectContainer(name: string, network: string, signal: AbortSignal): Promise<void>
  /** Answers undefined for one that is gone. */
  inspectContainer(name: string, signal: AbortSignal): Promise<EngineContainer | undefined>

  logs(name: string, wanted: LogsWanted, signal: AbortSignal): AsyncIterable<LogRecord>
  /** What one uses now; undefined for one that is gone or does not run. */
  sample(name: string, signal: AbortSignal): Promise<EngineSample | undefined>
  /** Bytes that running containers have written to their own roots, by name. Dear: seconds. */
  writtenBytes(signal: AbortSignal): Promise<ReadonlyMap<string, number>>
}

export interface EngineFacts {
  /** Podman answers to the same requests, and not always with the same. */
  readonly product: 'docker' | 'podman'
  readonly version: string
  /** The newest that it speaks, and the oldest, of which some say nothing. */
  readonly apiVersion: string
  readonly oldestApiVersion: string
  readonly liveRestore: boolean
  readonly storageDriver: string
  readonly cgroupDriver: 'cgroupfs' | 'systemd'
  readonly cgroupVersion: '1' | '2'
  readonly kernel: string
  /** Empty where the engine does not tell. */
  readonly runcVersion: string
  /** Ways to run a container, by the names that the operator gave them. */
  readonly runtimes: readonly string[]
  /** What holds containers beside their limits: `seccomp`, `apparmor`, `selinux`, `userns` … */
  readonly walls: readonly string[]
  /** Whether it can put a container under a kernel of its own. */
  readonly sandbox: boolean
  /** Folder of the host in which the engine keeps everything. */
  readonly rootDir: string
  /** How far its clock is ahead of ours; null: it does not tell. */
  readonly clockSkewMs: number | null
}

export interface EngineView {
  readonly containers: readonly EngineContainer[]
  readonly networks: readonly EngineNetwork[]
}

export interface EngineLabels {
  readonly tenant: string
  readonly id: string
  readonly generation: number
}

/** What of a container can be changed while it lives. */
export interface EngineLimits {
  readonly memoryBytes: number
  readonly cpuMilli: number
  readonly cpuShares: number
  readonly pids: number
}

export interface EndpointWanted {
  readonly network: string
  readonly address: string
  readonly mac: string
}

/** How a container is set at the moment, which others may have changed since it was made. */
export interface EngineSettings extends EngineLimits {
  /** The engine's own restart policy, in its own word: `no`, `always` … */
  readonly restart: string
  /** Every network that it is in or, while it does not run, will be in. */
  readonly networks: readonly string[]
}

export interface EngineContainer extends EngineLabels {
  readonly engineId: string
  readonly name: string
  /** What it was made from, as it was told then; empty for one that was made before that was said. */
  readonly spec: string
  readonly createdAt: Date
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
  /** Only from `inspectContainer`; a list does not tell. */
  readonly exit?: {
    readonly exitCode: number
    readonly oomKilled: boolean
    readonly error: string
    readonly startedAt: Date
    readonly finishedAt: Date
  }
  /** Only from `inspectContainer`. */
  readonly set?: EngineSettings
  /** On the host, of its first process; only from `inspectContainer`, and while it runs. */
  readonly pid?: number
  /** File of its network namespace, while it runs; only from `inspectContainer`. */
  readonly netns?: string
  /** Published ports: container port → host port on 127.0.0.1. */
  readonly published: readonly {
    readonly port: number
    readonly hostPort: number
    readonly protocol: 'tcp' | 'udp'
  }[]
}

export interface EngineNetwork extends EngineLabels {
  readonly engineId: string
  readonly createdAt: Date
  readonly name: string
}

export interface EngineEvent {
  readonly kind: 'container' | 'network'
  /** Docker's own word: create, start, die, destroy, oom … */
  readonly action: string
  readonly name: string
  readonly id: string
  readonly time: Date
  readonly exitCode?: number
}

export interface NetworkWanted extends EngineLabels {
  readonly name: string
  /** Name of the kernel's bridge, at most 15 characters. */
  readonly bridge: string
  readonly subnet: string
  readonly gateway: string
  /** A /30 that the engine may hand out itself; it is never used. */
  readonly engineRange: string
}

export interface ImageFacts {
  readonly imageId: string
  readonly exposedTcpPorts: readonly number[]
  readonly volumes: readonly string[]
  readonly user: string
  /** Unpacked. */
  readonly sizeBytes?: number
}

export interface PullWanted {
  readonly reference: string
  /** Of all layers, packed, as the registry tells their sizes; beyond it the pull is broken off. */
  readonly mostBytes?: number
  readonly credentials?: {
    readonly username: string
    readonly password: string
    readonly host: string
  }
}

/** Everything that is set; what is not named here, no container can have. */
export interface ContainerWanted extends EngineLabels {
  readonly name: string
  /** Names what it is made from: one of the same labels and another spec is not the same. */
  readonly spec: string
  readonly hostname: string
  /** The image's id, never a name that could be pointed elsewhere meanwhile. */
  readonly imageId: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly workingDir?: string
  readonly env: Readonly<Record<string, string>>
  readonly user?: string
  readonly labels: Readonly<Record<string, string>>
  /** That of its default route. */
  readonly network: string
  readonly address: string
  readonly mac: string
  /** In which it is to be besides: an engine that makes it in one alone is told of them by `connectContainer`. */
  readonly further?: readonly EndpointWanted[]
  readonly resolver: string | null
  readonly searchDomain: string
  readonly memoryBytes: number
  readonly cpuMilli: number
  readonly cpuShares: number
  readonly pids: number
  /** The group of processes that the container's is in; the engine's own where there is none. */
  readonly cgroupParent?: string
  /** Under a kernel of its own (gVisor). */
  readonly sandboxed?: boolean
  /** Of /dev/shm, where it is other than for all. */
  readonly shmBytes?: number
  readonly readOnlyRoot: boolean
  readonly capabilities: readonly string[]
  /** Directories that the image declares as volumes: each becomes a tmpfs of this size. */
  readonly tmpfs: readonly {
    readonly path: string
    readonly sizeBytes: number
    readonly executable: boolean
  }[]
  /** A folder of the host that the container sees as /run/secrets, and cannot write to. */
  readonly secretsFolder?: string
  readonly stopSignal?: string
  readonly stopTimeoutSeconds: number
  readonly ports: readonly { readonly port: number; readonly protocol: 'tcp' | 'udp' }[]
  /** Publish the ports on 127.0.0.1, each on a free port of the engine's choice. */
  readonly publish: boolean
}

export interface LogsWanted {
  readonly tail?: number
  readonly since?: Date
  readonly follow: boolean
  readonly streams: readonly ('stdout' | 'stderr')[]
}

/** Since the container was started, but for memory and pids, which are those of now. */
export interface EngineSample {
  readonly cpuNanos: number
  /** Without pages of files that could be dropped at once. */
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly pids: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly readBytes: number
  readonly writtenBytes: number
}

export interface LogRecord {
  readonly stream: 'stdout' | 'stderr'
  readonly time: Date | null
  readonly line: string
}

/** The engine could not be reached, or did not answer in time. What was asked may have happened. */
export class EngineAway extends Error {
  override readonly name = 'EngineAway'
}

/** The engine answered, and said no. `answer` is its own sentence, fit for the tenant's eyes. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal'
  readonly status: number
  readonly answer: string

  constructor(action: string, status: number, answer: string) {
    super(`Cannot ${action}: ${answer}`)
    this.status = status
    this.answer = answer
  }
}
