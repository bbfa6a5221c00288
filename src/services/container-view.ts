import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { HealthReport } from '../../proxy/core/route-table.ts'
import { tmpfsFor } from '../core/container-shape.ts'
import type { Container, ContainerSpec } from '../contract/containers.ts'
import { shownState } from '../core/container-plan.ts'
import { timeText } from '../core/time-text.ts'

/** What the platform says of itself wherever it shows a container. */
export interface Surroundings {
  readonly internalDomain: string
  /** Address under which the ingress shows an app, or null for none. */
  readonly urlOf: (name: string, tenant: string) => string
  readonly isolated: boolean
  readonly healthOf: (containerId: string) => HealthReport | undefined
}

/** A container as the API shows it, from its row and from what the edge reports of its health. */
export function containerOf(placed: PlacedContainer, around: Surroundings): Container {
  const { row, tenant } = placed
  const spec = specOf(row)
  return {
    id: row.id,
    name: row.name,
    image: spec.image,
    desired: row.desired,
    state: shownState(row),
    health: healthNow(placed, isChecked(placed, spec), around),
    exitCode: row.exitCode,
    reason:
      row.reasonCode === null ? null : { code: row.reasonCode, message: row.reasonMessage ?? '' },
    restarts: row.restarts,
    addresses: addressesOf(placed),
    hostname: `${row.name}.${tenant}.${around.internalDomain}`,
    url: row.appPort === null ? null : around.urlOf(row.name, tenant),
    endpoints: endpointsOf(row.endpointsJson),
    resources: {
      memoryBytes: row.memoryBytes,
      cpuMilli: row.cpuMilli,
      cpuShares: row.cpuShares,
      pids: row.pids,
    },
    fileSystems: fileSystemsOf(row.imageJson),
    secretsOutdated: row.secretsOutdatedAt !== null,
    runtime: row.runtime,
    isolated: around.isolated,
    spec,
    generation: row.generation,
    createdAt: new Date(row.createdAt).toISOString(),
    startedAt: timeText(row.startedAt),
    finishedAt: timeText(row.finishedAt),
  }
}

/** That of its default route first; none that it is being taken out of. */
function addressesOf(placed: PlacedContainer): Container['addresses'] {
  const { network, address, mac, aliases, further } = placed
  const home = { network: network.name, address, mac, aliases: [...aliases], defaultRoute: true }
  const others = further
    .filter(({ isLeaving }) => !isLeaving)
    .map((one) => ({
      network: one.network.name,
      address: one.address,
      mac: one.mac,
      aliases: [...one.aliases],
      defaultRoute: false,
    }))
  return [home, ...others]
}

/** Written by the reconciler alone, from what the engine says of the image. */
function fileSystemsOf(imageJson: string | null): Container['fileSystems'] {
  if (imageJson === null) return []
  const facts: { readonly volumes: readonly string[]; readonly volumeBytes?: number } =
    JSON.parse(imageJson)
  const origin = (path: string) => (facts.volumes.includes(path) ? 'image' : 'platform')
  return tmpfsFor(facts.volumes, facts.volumeBytes).map(({ path, sizeBytes }) => ({
    path,
    sizeBytes,
    medium: 'memory',
    origin: origin(path),
  }))
}

/** The spec is parsed by the contract before it is written, and written by the service alone. */
function specOf(row: { readonly specJson: string }): ContainerSpec {
  const spec: ContainerSpec = JSON.parse(row.specJson)
  return spec
}

/** Written by the reconciler alone, in this shape. */
function endpointsOf(json: string): Container['endpoints'] {
  const endpoints: Container['endpoints'] = JSON.parse(json)
  return endpoints
}

/** Whether anyone looks after its health; else a process that runs is all there is to know. */
export function isChecked({ row }: PlacedContainer, { healthCheck }: ContainerSpec): boolean {
  return healthCheck ? healthCheck.type !== 'none' : row.appPort !== null
}

/** As the edge has reported it of the run that is on. */
export function healthNow(
  { row }: PlacedContainer,
  checked: boolean,
  { healthOf }: Pick<Surroundings, 'healthOf'>,
): Container['health'] {
  if (row.state !== 'running' || !checked) return checked ? 'unknown' : 'none'
  const report = healthOf(row.id)
  if (report?.run !== row.startedRun) return 'unknown'
  return report.healthy ? 'healthy' : 'unhealthy'
}
