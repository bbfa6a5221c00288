/**
 * What a container is given beyond what its tenant asked for: defaults, walls and names. Pure, so that
 * the exact shape that reaches the engine is a value in a test.
 */

export const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024
export const DEFAULT_CPU_MILLI = 500
export const DEFAULT_PIDS = 256
/** What `baseline` may write to its own root; counted and watched, since the engine cannot cap it. */
export const ROOT_LIMIT_BYTES = 1024 * 1024 * 1024
/** The engine turns a log over when a file is full, and keeps so many of them. */
export const LOG_FILE_BYTES = 10 * 1024 * 1024
export const LOG_FILES = 3
/** What the log of one container can take of the disk. */
export const LOG_BYTES = LOG_FILE_BYTES * LOG_FILES

/** What `baseline` keeps of the engine's default set (threats of the rest: raw sockets, devices, chroot). */
const BASELINE_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
] as const
const RESTRICTED_CAPABILITIES = ['NET_BIND_SERVICE'] as const

export type Policy = 'baseline' | 'restricted'

export const capabilitiesOf = (policy: Policy): readonly string[] =>
  policy === 'restricted' ? RESTRICTED_CAPABILITIES : BASELINE_CAPABILITIES

/** A container may be stricter than its tenant, never laxer. */
export const allowsPolicy = (tenant: Policy, asked: Policy): boolean =>
  tenant === 'baseline' || asked === 'restricted'

/** Beyond it engines refuse a number, and what wraps round to 32 bits can become 0. */
const MOST_USER = 2 ** 31 - 1

/** True where a user, as the engine writes it, is root or could be. Names cannot be looked up from outside. */
export function mayBeRoot(user: string): boolean {
  const [name = ''] = user.split(':')
  return !/^\d+$/.test(name) || Number(name) === 0 || Number(name) > MOST_USER
}

const TMPFS_BYTES = 64 * 1024 * 1024

/** Sized file systems in memory: /tmp, /run, and each directory that the image calls a volume. */
export function tmpfsFor(imageVolumes: readonly string[], volumeBytes = TMPFS_BYTES) {
  return [
    { path: '/tmp', sizeBytes: TMPFS_BYTES, executable: true },
    { path: '/run', sizeBytes: TMPFS_BYTES, executable: false },
    ...imageVolumes
      .filter((path) => path !== '/tmp' && path !== '/run')
      .map((path) => ({ path, sizeBytes: volumeBytes, executable: false })),
  ]
}

export interface PortSpec {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly app: boolean
}

export type AppPort =
  | { readonly port: number | null }
  | { readonly ambiguous: readonly number[]; readonly from: 'image' | 'ports' }

/**
 * The port that the ingress talks to: the one marked, or the only TCP port given, or the only one that
 * the image EXPOSEs. Several without a mark are ambiguous: the caller has to say which.
 */
export function appPortOf(
  ports: readonly PortSpec[] | undefined,
  exposedTcpPorts: readonly number[],
): AppPort {
  if (ports) {
    const tcp = ports.filter(({ protocol }) => protocol === 'tcp')
    const marked = tcp.filter(({ app }) => app)
    const candidates = marked.length > 0 ? marked : tcp
    return single(
      candidates.map(({ port }) => port),
      'ports',
    )
  }
  return single(exposedTcpPorts, 'image')
}

function single(candidates: readonly number[], from: 'image' | 'ports'): AppPort {
  const ports = [...new Set(candidates)]
  return ports.length > 1 ? { ambiguous: ports, from } : { port: ports[0] ?? null }
}

/** The environment of the process: what the tenant wrote wins, so that an own PORT is possible. */
export function environmentOf(facts: {
  readonly id: string
  readonly name: string
  readonly tenant: string
  readonly appPort: number | null
  readonly env: Readonly<Record<string, string>>
}): Record<string, string> {
  return {
    CLOUDLET_CONTAINER_ID: facts.id,
    CLOUDLET_NAME: facts.name,
    CLOUDLET_TENANT: facts.tenant,
    ...(facts.appPort === null ? {} : { PORT: String(facts.appPort) }),
    ...facts.env,
  }
}

/** What a run that ends this soon says last is why it ended. */
export const SOON_MS = 10_000

/** True where the last lines of a log speak of a root that cannot be written. */
export const speaksOfReadOnlyRoot = (lines: readonly string[]): boolean =>
  lines.some((line) => /EROFS|EACCES|read-only file system|permission denied/i.test(line))
