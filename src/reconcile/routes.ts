import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { Member, MemberCheck, MemberState } from '../../proxy/core/route-table.ts'
import { stayingIn } from './placed-endpoints.ts'
import type { ContainerState } from '../core/container-plan.ts'

interface SpecPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly http2?: boolean
}

/** What the edge has to know of a container's spec. */
interface RoutedSpec {
  readonly ports?: readonly SpecPort[]
  readonly healthCheck?: {
    readonly type: 'http' | 'tcp' | 'none'
    readonly port?: number
    readonly path: string
    readonly intervalSeconds: number
    readonly timeoutSeconds: number
    readonly retries: number
    /** Absent in specs of before there was a choice. */
    readonly successes?: number
    readonly startPeriodSeconds: number
  }
}

/** An app without a health check of its own is healthy when its port takes a connection. */
const DEFAULT_CHECK = {
  type: 'tcp',
  path: '/',
  intervalSeconds: 10,
  timeoutSeconds: 5,
  retries: 3,
  startPeriodSeconds: 30,
} as const

/** What the edge does with a container in each state. Requests wait for one that is on its way up. */
const MEMBER_STATE = {
  pending: 'starting',
  pulling: 'starting',
  creating: 'starting',
  starting: 'starting',
  running: 'running',
  restarting: 'starting',
  stopping: 'stopped',
  stopped: 'stopped',
  exited: 'stopped',
  failed: 'stopped',
  deleting: 'stopped',
} as const satisfies Record<ContainerState, MemberState>

export function memberOf(placed: PlacedContainer): Member {
  const { row, tenant, suspendedAt, address } = placed
  const state = row.desired === 'running' ? MEMBER_STATE[row.state] : 'stopped'
  return {
    id: row.id,
    tenant,
    name: row.name,
    address,
    places: stayingIn(placed).map((one) => ({
      network: one.network.id,
      address: one.address,
      aliases: one.aliases,
    })),
    ports: portsOf(row),
    state: suspendedAt === null ? state : 'suspended',
    run: row.startedRun,
    port: row.appPort,
    ...(speaksHttp2(row) && { protocol: 'h2c' as const }),
    check: checkOf(row),
  }
}

/** Written by the container service alone, from a parsed spec. */
function portsOf({ specJson }: { readonly specJson: string }): NonNullable<Member['ports']> {
  const { ports = [] }: RoutedSpec = JSON.parse(specJson)
  return ports.map(({ port, protocol }) => ({ port, protocol }))
}

/** At the app's port. */
function speaksHttp2(row: { readonly specJson: string; readonly appPort: number | null }): boolean {
  const { ports = [] }: RoutedSpec = JSON.parse(row.specJson)
  return ports.some(({ port, protocol, http2 }) => {
    return http2 === true && protocol === 'tcp' && port === row.appPort
  })
}

/** Null where a container whose process runs is healthy. */
export function checkOf(row: {
  readonly specJson: string
  readonly appPort: number | null
}): MemberCheck | null {
  // Written by the container service alone, from a parsed spec.
  const { healthCheck = DEFAULT_CHECK }: RoutedSpec = JSON.parse(row.specJson)
  const port = ('port' in healthCheck ? healthCheck.port : undefined) ?? row.appPort
  if (healthCheck.type === 'none' || port === null || port === undefined) return null
  return {
    kind: healthCheck.type,
    port,
    path: healthCheck.path,
    intervalMs: healthCheck.intervalSeconds * 1000,
    timeoutMs: healthCheck.timeoutSeconds * 1000,
    retries: healthCheck.retries,
    successes: ('successes' in healthCheck ? healthCheck.successes : undefined) ?? 1,
    startPeriodMs: healthCheck.startPeriodSeconds * 1000,
  }
}
