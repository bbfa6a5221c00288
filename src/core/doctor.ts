import { usedPercent, type Disk } from './capacity.ts'
import { engineFindings, type EngineState } from './doctor-engine.ts'
import {
  bridgeCallsFinding,
  clockKeeperFinding,
  engineClockFinding,
  portFindings,
  userlandProxyFinding,
  type PortState,
} from './doctor-host.ts'
import type { EngineDaemon } from './engine-daemon.ts'
import { ok, problem, warning, type Finding } from './finding.ts'
import type { SafeModeState } from './safe-mode.ts'

/** What is looked at. `null`: it could not be told. */
export interface DoctorFacts {
  readonly engine: ExaminedEngine | null
  readonly host: HostState
  readonly disks: readonly Disk[] | null
  readonly diskHighWaterPercent: number | null
  readonly platform: PlatformState
}

/** What can be said of an engine of this machine beside what it says of itself. */
export interface ExaminedEngine extends EngineState {
  readonly rootDir: string
  /** How far its clock is ahead of ours; null: it does not tell. */
  readonly clockSkewMs: number | null
}

export interface HostState {
  readonly kernel: Readonly<Record<KernelFeature, boolean | null>>
  readonly forwards: boolean | null
  /** Whether the firewall sees what crosses a bridge (net.bridge.bridge-nf-call-iptables). */
  readonly bridgeCalls: boolean | null
  /** Programs that keep the clock right. */
  readonly clockKeepers: readonly string[]
  readonly daemons: readonly EngineDaemon[]
  readonly ports: readonly PortState[]
  readonly migratesListeners: boolean | null
  /** Of the disks' folders, how many of the files that can be are there. */
  readonly inodes: readonly { readonly path: string; readonly usedPercent: number }[]
  /** How far the wall clock has gone from the steady one since the process began. */
  readonly clockDriftMs: number
  /** Name servers that the host itself asks. */
  readonly nameServers: readonly string[]
  readonly responderAnswers: boolean
  /** Of the file of the platform's keys. */
  readonly keysMode: number | null
}

export const KERNEL_FEATURES = ['overlay', 'bridgeNetfilter', 'nfTables', 'loop'] as const
export type KernelFeature = (typeof KERNEL_FEATURES)[number]

export interface PlatformState {
  readonly isolated: boolean
  readonly enforced: boolean
  readonly edgeUp: boolean
  /** The processes that read strangers' bytes have a user of their own. */
  readonly edgeConfined: boolean
  readonly databaseTrouble: string | null
  readonly safeMode: SafeModeState | null
  readonly backup: BackupState
}

export type BackupState =
  | { readonly kind: 'server' }
  | { readonly kind: 'file'; readonly ageHours: number | null; readonly everyHours: number }

/** Every check there is, in the order in which they are shown. */
export function diagnosis(facts: DoctorFacts): readonly Finding[] {
  const { engine, host, platform } = facts
  return [
    ...engineFindings(engine),
    ...examinedFindings(facts),
    ...kernelFindings(host),
    ...diskFindings(facts),
    clockFinding(host),
    clockKeeperFinding(host.clockKeepers),
    ...portFindings(host.ports, true),
    ...nameFindings(host),
    ...platformFindings(platform),
    keysFinding(host),
  ]
}

/** What can be told of the machine while no platform answers. */
export const diagnosisWithoutPlatform = (
  facts: Omit<DoctorFacts, 'platform'>,
): readonly Finding[] => [
  API_AWAY,
  ...engineFindings(facts.engine),
  ...examinedFindings(facts),
  ...kernelFindings(facts.host),
  ...diskFindings(facts),
  clockKeeperFinding(facts.host.clockKeepers),
  ...portFindings(facts.host.ports, false),
  hostNamesFinding(facts.host),
  keysFinding(facts.host),
]

export const isSick = (findings: readonly Finding[]): boolean =>
  findings.some(({ result }) => result === 'problem')

const API_AWAY = problem(
  'api',
  'The platform does not answer: what follows is what this machine tells by itself',
  'Start it: cloudlet up',
)

const FEATURES = {
  overlay: ['kernel.overlay', 'layers of images are copied without it'],
  bridgeNetfilter: [
    'kernel.bridge-netfilter',
    'the firewall does not see what crosses a bridge without it',
  ],
  nfTables: ['kernel.nf-tables', 'the walls between tenants need it'],
  loop: ['kernel.loop', 'volumes of a fixed size need it'],
} as const satisfies Record<KernelFeature, readonly [check: string, why: string]>

/** An engine that is away has been told of; what else there is to say of it is not known. */
const examinedFindings = ({ engine, host }: Pick<DoctorFacts, 'engine' | 'host'>): Finding[] =>
  engine?.product === 'docker'
    ? [engineClockFinding(engine.clockSkewMs), userlandProxyFinding(host.daemons, engine.rootDir)]
    : []

function kernelFindings(host: HostState): Finding[] {
  const { kernel, forwards, bridgeCalls, migratesListeners } = host
  const features = KERNEL_FEATURES.map((feature) => {
    const [check, why] = FEATURES[feature]
    const has = kernel[feature]
    if (has === true) return ok(check, 'The kernel has it')
    if (has === false) {
      return warning(check, `The kernel lacks it: ${why}`, 'Use another kernel')
    }
    const meaning = `It cannot be told whether the kernel has it: ${why}`
    return warning(check, meaning, 'Look into the configuration of the kernel')
  })
  return [
    ...features,
    forwardFinding(forwards),
    bridgeCallsFinding(bridgeCalls),
    migrateFinding(migratesListeners),
  ]
}

const forwardFinding = (forwards: boolean | null): Finding =>
  forwards === true
    ? ok('kernel.ip-forward', 'The host forwards packets of containers')
    : problem(
        'kernel.ip-forward',
        'The host forwards no packets: containers do not reach the Internet',
        'Run sysctl -w net.ipv4.ip_forward=1, and keep it in /etc/sysctl.d',
      )

const migrateFinding = (migrates: boolean | null): Finding =>
  migrates === true
    ? ok('kernel.tcp-migrate-req', 'A restart of the ingress loses no connection')
    : warning(
        'kernel.tcp-migrate-req',
        'A connection that is just being made can be lost when a worker of the ingress restarts',
        'Start the platform as root, or run sysctl -w net.ipv4.tcp_migrate_req=1',
      )

/** A disk without room for names of files is as full as one without room for bytes. */
const MOST_INODES_PERCENT = 90

function diskFindings({
  disks,
  diskHighWaterPercent,
  host,
}: Omit<DoctorFacts, 'platform'>): Finding[] {
  if (!disks) {
    return [warning('disk', 'The disks could not be looked at', 'Look at them with df')]
  }
  const most = diskHighWaterPercent ?? 95
  const bytes = disks.map((disk) => {
    const [check, used] = [`disk ${disk.path}`, usedPercent(disk)]
    if (used <= most) return ok(check, `${used} % are used`)
    const meaning = `${used} % are used, more than ${most} %: nothing new is admitted`
    return problem(check, meaning, 'Make room: docker system df shows what the engine keeps')
  })
  const inodes = host.inodes.map(({ path, usedPercent: used }) => {
    const check = `inodes ${path}`
    if (used <= MOST_INODES_PERCENT) return ok(check, `${used} % are used`)
    return problem(check, `${used} % are used: soon no file can be made`, 'Delete small files')
  })
  return [...bytes, ...inodes]
}

/** Keys and tokens are judged with less tolerance than this. */
const MOST_DRIFT_MS = 30_000

function clockFinding({ clockDriftMs }: HostState): Finding {
  const seconds = Math.round(Math.abs(clockDriftMs) / 1000)
  if (Math.abs(clockDriftMs) <= MOST_DRIFT_MS) {
    return ok('clock', 'The clock has not been moved since the platform was started')
  }
  const meaning = `The clock was moved by ${seconds} s since the platform was started`
  return warning('clock', meaning, 'Keep it right with chrony or systemd-timesyncd')
}

function nameFindings(host: HostState): Finding[] {
  return [
    host.responderAnswers
      ? ok('dns.responder', 'The DNS responder answers')
      : problem(
          'dns.responder',
          'The DNS responder does not answer: containers find no names',
          'See the log of the platform; cloudlet platform get shows its address',
        ),
    hostNamesFinding(host),
  ]
}

const hostNamesFinding = ({ nameServers }: HostState): Finding =>
  nameServers.length > 0
    ? ok('dns.host', `The host asks ${nameServers.join(', ')}`)
    : problem(
        'dns.host',
        'The host knows no name server: images cannot be pulled',
        'Name one in /etc/resolv.conf',
      )

function platformFindings(platform: PlatformState): Finding[] {
  const { isolated, enforced, edgeUp, edgeConfined, databaseTrouble, safeMode, backup } = platform
  return [
    isolated
      ? ok('isolation', 'Tenants are kept apart')
      : warning('isolation', 'Nothing keeps containers apart', 'Start the platform as root'),
    enforced
      ? ok('quotas', 'The host holds each tenant to the sum of its limits')
      : warning(
          'quotas',
          'Limits of a tenant are counted, but the host does not hold their sum',
          'Start the platform as root on a host with cgroups',
        ),
    edgeUp
      ? ok('edge', 'Ingress and DNS are connected')
      : problem('edge', 'Ingress or DNS is away', 'See the log of the platform'),
    edgeConfined
      ? ok('edge.confinement', 'What reads the bytes of strangers has a user of its own')
      : warning(
          'edge.confinement',
          'What reads the bytes of strangers has the rights of the platform',
          'Start the platform as root',
        ),
    databaseTrouble === null
      ? ok('database', 'The database can be written to')
      : problem(
          'database',
          `Nothing can be changed: the database is ${databaseTrouble}`,
          'Make room on its disk, or restore a backup if it is damaged',
        ),
    backupFinding(backup),
    safeModeFinding(safeMode),
  ]
}

const safeModeFinding = (safeMode: SafeModeState | null): Finding =>
  safeMode === null
    ? ok('safe-mode', 'What the database does not know is removed from the engine after a while')
    : warning(
        'safe-mode',
        `In safe mode (${safeMode.reason}): what the database does not know is kept`,
        'Look with cloudlet gc --dry-run, then give cloudlet platform leave-safe-mode',
      )

function backupFinding(backup: BackupState): Finding {
  const check = 'database.backup'
  if (backup.kind === 'server') {
    return ok(check, 'A libSQL server holds the state, and its backups are its own')
  }
  const { ageHours, everyHours } = backup
  const todo = 'Make one: cloudlet backup db'
  if (ageHours === null) return warning(check, 'There is no backup of the database', todo)
  const age = `The newest backup of the database is ${Math.round(ageHours)} h old`
  const isLate = everyHours > 0 && ageHours > 2 * everyHours
  return isLate ? warning(check, `${age}, which is more than two turns`, todo) : ok(check, age)
}

function keysFinding({ keysMode }: HostState): Finding {
  const check = 'keys'
  if (keysMode === null) {
    return problem(check, 'The file of keys cannot be read', 'Put it back from your backup')
  }
  const mode = keysMode.toString(8).padStart(4, '0')
  if ((keysMode & 0o077) === 0) return ok(check, `Only its owner reads the file of keys (${mode})`)
  const meaning = `Others than its owner can read the file of keys (${mode})`
  return problem(check, meaning, 'Run chmod 600 on control/keys.json of the data directory')
}
