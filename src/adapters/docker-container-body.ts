import { LOG_FILE_BYTES, LOG_FILES } from '../core/container-shape.ts'
import { platformLabels } from '../core/docker-names.ts'
import { SECRETS_PATH } from '../core/secret-refs.ts'
import type { ContainerWanted, EngineLimits } from '../ports/engine.ts'
import { NANO_CPUS_A_MILLI } from './docker-container-view.ts'
import type { Dialect } from './docker-dialect.ts'
import { SECCOMP_OPTION } from './seccomp.ts'

export interface BodyFacts {
  readonly instance: string
  /** In which the body is written. */
  readonly dialect: Dialect
  /** Whether the engine has docker-init, which reaps orphans and passes signals on. */
  readonly init: boolean
  readonly openFiles: number
}

const MIB = 1024 * 1024
const TMP_BYTES = 64 * MIB
const RUN_BYTES = 16 * MIB
/**
 * Docker's own default, said aloud. What is written to it, and to every tmpfs, is charged to the
 * container's memory, so `memoryBytes` bounds their sum; these sizes bound each for its own.
 */
const SHM_BYTES = 64 * MIB
/** The name under which gVisor is registered with an engine; no other can be asked for. */
export const SANDBOX_RUNTIME = 'runsc'
/** Tenants' processes go before the platform's when the host runs out of memory. */
const OOM_SCORE = 500
// In bytes: the engine's own "10m" is ten million.
const LOG_LIMITS = { 'max-size': String(LOG_FILE_BYTES), 'max-file': String(LOG_FILES) }

/**
 * Everything that a container is created with. It is an allow-list: a new object, of fields that
 * the platform understands; nothing of a tenant's request passes through.
 */
export function containerBody(wanted: ContainerWanted, facts: BodyFacts) {
  const { mac } = wanted
  const { macIn } = facts.dialect
  return {
    Hostname: wanted.hostname,
    Image: wanted.imageId,
    Env: Object.entries(wanted.env).map(([key, value]) => `${key}=${value}`),
    ...(wanted.command && { Cmd: wanted.command }),
    // An empty list would be taken for "the image's own".
    ...(wanted.entrypoint && {
      Entrypoint: wanted.entrypoint.length > 0 ? wanted.entrypoint : [''],
    }),
    ...(wanted.workingDir !== undefined && { WorkingDir: wanted.workingDir }),
    ...(wanted.user !== undefined && { User: wanted.user }),
    ...(wanted.stopSignal !== undefined && { StopSignal: wanted.stopSignal }),
    StopTimeout: wanted.stopTimeoutSeconds,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    // An image's own check would be run by the engine, as often as the image likes.
    Healthcheck: { Test: ['NONE'] },
    ExposedPorts: Object.fromEntries(wanted.ports.map((port) => [portKey(port), {}])),
    Volumes: {},
    // The platform's come last, so that neither a tenant nor an image can say who owns it.
    Labels: { ...wanted.labels, ...platformLabels(facts.instance, wanted) },
    ...(macIn === 'container' && { MacAddress: mac }),
    HostConfig: hostConfig(wanted, facts),
    NetworkingConfig: {
      EndpointsConfig: endpoints(wanted, facts.dialect),
    },
  }
}

function endpoints(wanted: ContainerWanted, dialect: Dialect) {
  const { network, address, mac, further = [] } = wanted
  const { macIn, makesInAll, gatewayPriority } = dialect
  const all = [{ network, address, mac }, ...(makesInAll ? further : [])]
  return Object.fromEntries(
    all.map((one) => [
      one.network,
      {
        IPAMConfig: { IPv4Address: one.address },
        ...(macIn === 'endpoint' && { MacAddress: one.mac }),
        ...(gatewayPriority && one.network === network && { GwPriority: 1 }),
      },
    ]),
  )
}

/** Whatever the engine would restart by itself it would restart before the platform has looked. */
const NO_RESTART = { Name: 'no', MaximumRetryCount: 0 }

/** What an existing container is set to. */
export const updateBody = (limits: EngineLimits) => ({
  ...limitsBody(limits),
  RestartPolicy: NO_RESTART,
})

const limitsBody = ({ memoryBytes, cpuMilli, cpuShares, pids }: EngineLimits) => ({
  Memory: memoryBytes,
  // Equal to the memory: no swap.
  MemorySwap: memoryBytes,
  NanoCpus: cpuMilli * NANO_CPUS_A_MILLI,
  CpuShares: cpuShares,
  PidsLimit: pids,
})

function hostConfig(wanted: ContainerWanted, { init, openFiles }: BodyFacts) {
  return {
    AutoRemove: false,
    RestartPolicy: NO_RESTART,
    NetworkMode: wanted.network,
    Privileged: false,
    CapDrop: ['ALL'],
    CapAdd: wanted.capabilities,
    SecurityOpt: ['no-new-privileges', SECCOMP_OPTION],
    IpcMode: 'private',
    CgroupnsMode: 'private',
    ReadonlyRootfs: wanted.readOnlyRoot,
    Init: init,
    ...limitsBody(wanted),
    ...(wanted.cgroupParent !== undefined && { CgroupParent: wanted.cgroupParent }),
    OomScoreAdj: OOM_SCORE,
    ...(wanted.sandboxed && { Runtime: SANDBOX_RUNTIME }),
    ShmSize: wanted.shmBytes ?? SHM_BYTES,
    Tmpfs: tmpfs(wanted),
    ...(wanted.secretsFolder !== undefined && { Mounts: [secretsMount(wanted.secretsFolder)] }),
    Ulimits: [
      { Name: 'nofile', Soft: openFiles, Hard: openFiles },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    LogConfig: { Type: 'json-file', Config: LOG_LIMITS },
    ...resolver(wanted),
    PublishAllPorts: false,
    PortBindings: wanted.publish
      ? Object.fromEntries(
          wanted.ports.map((port) => [portKey(port), [{ HostIp: '127.0.0.1', HostPort: '' }]]),
        )
      : {},
  }
}

/** The only thing of the host that is ever bound. `Mounts` refuses a folder that is not there; `Binds` makes one. */
const secretsMount = (folder: string) => ({
  Type: 'bind',
  Source: folder,
  Target: SECRETS_PATH,
  ReadOnly: true,
  BindOptions: { Propagation: 'rprivate' },
})

function tmpfs({ tmpfs: given }: ContainerWanted): Record<string, string> {
  const own = [
    { path: '/tmp', sizeBytes: TMP_BYTES, executable: false },
    { path: '/run', sizeBytes: RUN_BYTES, executable: false },
  ]
  // Mode 1777: whatever user the image runs as has to be able to write there.
  return Object.fromEntries(
    [...own, ...given].map(({ path, sizeBytes, executable }) => [
      path,
      `rw,nosuid,nodev,${executable ? 'exec' : 'noexec'},size=${sizeBytes},mode=1777`,
    ]),
  )
}

/**
 * With `ndots:1` a name without a dot is looked up in the search domain and one with dots as it
 * stands. The engine's own default, `ndots:0`, keeps musl from ever using the search domain.
 */
function resolver({ resolver: address, searchDomain }: ContainerWanted) {
  if (address === null) return {}
  return { Dns: [address], DnsSearch: [searchDomain], DnsOptions: ['ndots:1'] }
}

function portKey({ port, protocol }: { readonly port: number; readonly protocol: string }): string {
  return `${port}/${protocol}`
}
