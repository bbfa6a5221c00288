import { spokenApi } from './engine-api.ts'
import { holesOf, isDistributionBuild, type EnginePart, type Hole } from './engine-holes.ts'
import { lacksOf } from './engine-lacks.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

export interface EngineState {
  readonly product: 'docker' | 'podman'
  readonly version: string
  readonly apiVersion: string
  readonly oldestApiVersion: string
  readonly runcVersion: string
  readonly liveRestore: boolean
  readonly cgroupDriver: string
  readonly cgroupVersion: string
  readonly walls: readonly string[]
  readonly sandbox: boolean
}

const ENGINE_AWAY = problem(
  'engine',
  'The engine does not answer: nothing can be started or changed',
  'Start it (systemctl start docker) and look at its log (journalctl -u docker)',
)

export const engineFindings = (engine: EngineState | null): Finding[] =>
  engine ? findingsOf(engine) : [ENGINE_AWAY]

function findingsOf(engine: EngineState): Finding[] {
  const { version, liveRestore, cgroupDriver, cgroupVersion } = engine
  // All else would be said of something that it is not.
  if (engine.product === 'podman') return [podmanFinding(engine)]
  return [
    apiFinding(engine),
    holeFinding('engine', version),
    holeFinding('runc', engine.runcVersion),
    liveRestore
      ? ok('engine.live-restore', 'Containers go on while the engine is restarted')
      : warning(
          'engine.live-restore',
          'A restart of the engine ends every container',
          'Set "live-restore": true in /etc/docker/daemon.json and reload the engine',
        ),
    ok('engine.cgroups', `Limits are held by cgroups of version ${cgroupVersion}, ${cgroupDriver}`),
    ...wallFindings(engine),
    ...lackFindings(engine),
  ]
}

const podmanFinding = ({ version }: EngineState): Finding =>
  problem(
    'engine',
    `Podman ${version} answers in place of a Docker Engine: it takes no seccomp profile in a request, so no container can be created`,
    'Use a Docker Engine, 20.10 or later; docs/engines.md says what Podman lacks',
  )

function apiFinding({ version, apiVersion, oldestApiVersion }: EngineState): Finding {
  const spoken = spokenApi({ newest: apiVersion, oldest: oldestApiVersion })
  if (spoken.ok) {
    const meaning = `The engine ${version} answers with API ${apiVersion}; Cloudlet speaks ${spoken.version} with it`
    return ok('engine', meaning)
  }
  const { reason, todo } = spoken
  return problem('engine', `The engine ${version} cannot be used: ${reason}`, todo)
}

const PACKAGES = { engine: 'docker.io', runc: 'runc' } as const satisfies Record<EnginePart, string>

function holeFinding(part: EnginePart, version: string): Finding {
  const check = `${part}.holes`
  const holes = holesOf(part, version)
  if (!holes) {
    const todo = `Ask the package manager of the host, and compare with the holes known of ${part}`
    return warning(check, `The version of ${part} cannot be told`, todo)
  }
  if (holes.length === 0) return ok(check, `No hole is known here of ${part} ${version}`)
  const meaning = `The number ${version} of ${part} is older than the fix of ${listed(holes)}`
  if (!isDistributionBuild(version)) return problem(check, meaning, `Update ${part}`)
  const name = PACKAGES[part]
  const todo = `The distribution's package may carry the fix: check the changelog of ${name}`
  return warning(check, meaning, todo)
}

/** Those that do the same harm are told together. */
const listed = (holes: readonly Hole[]): string =>
  [...Map.groupBy(holes, ({ what }) => what)]
    .map(([what, alike]) => `${alike.map(({ id }) => id).join(', ')} (${what})`)
    .join('; ')

function wallFindings({ walls, sandbox }: EngineState): Finding[] {
  const has = (wall: string): boolean => walls.includes(wall)
  return [
    has('seccomp')
      ? ok('engine.seccomp', "Containers are held by Cloudlet's own filter of system calls")
      : problem(
          'engine.seccomp',
          'The engine cannot filter system calls: the kernel is open to every container',
          'Use an engine and a kernel with seccomp',
        ),
    has('apparmor') || has('selinux')
      ? ok('engine.access-control', 'AppArmor or SELinux holds containers as well')
      : warning(
          'engine.access-control',
          'Neither AppArmor nor SELinux holds containers; seccomp and dropped capabilities do',
          'Boot with AppArmor (apparmor=1 security=apparmor) where the kernel has it',
        ),
    has('userns')
      ? ok('engine.users', 'Root of a container is nobody on the host')
      : warning(
          'engine.users',
          'Root of a container has the number of the root of the host',
          'Give tenants the policy "restricted", or set "userns-remap" on an engine without data',
        ),
    sandbox
      ? ok('engine.sandbox', 'Containers can be run under a kernel of their own')
      : warning(
          'engine.sandbox',
          'The engine has no sandbox: containers share the kernel of the host',
          'Add gVisor (runsc) to the runtimes of the engine if tenants are not trusted',
        ),
  ]
}

/** What the versions of it lack that newer ones, or another machine, would have. */
const lackFindings = (engine: EngineState): Finding[] =>
  lacksOf(engine).map(({ id, what, todo }) => warning(`engine.${id}`, what, todo))
