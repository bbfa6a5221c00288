import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { Bandwidth } from '../core/bandwidth.ts'
import type { RestartPolicy } from '../core/container-plan.ts'
import { capabilitiesOf, environmentOf, tmpfsFor, type PortSpec } from '../core/container-shape.ts'
import { allowances, type Exception } from '../core/exceptions.ts'
import { perObject } from '../core/per-object.ts'
import type { SecretRef } from '../core/secret-refs.ts'
import { specMark } from '../core/spec-mark.ts'
import { endpointsOf } from './placed-endpoints.ts'
import type { GivenSecrets } from './container-secrets.ts'
import type { ContainerWanted, EndpointWanted, ImageFacts } from '../ports/engine.ts'

/** What of a spec the engine is told, or that decides about it. */
export interface EngineSpec {
  readonly image: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly workingDir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly user?: string
  readonly ports?: readonly PortSpec[]
  readonly labels?: Readonly<Record<string, string>>
  readonly healthCheck?: { readonly type: string; readonly port?: number }
  readonly stopSignal?: string
  readonly stopTimeoutSeconds: number
  readonly publish: boolean
  readonly exceptions?: readonly Exception[]
  readonly restart: RestartPolicy['restart']
  readonly maxRestarts?: number
  /** Absent in what was asked for before there was such a thing. */
  readonly minHealthySeconds?: number
  readonly secrets?: readonly SecretRef[]
  readonly firewalls?: readonly string[]
  readonly bandwidth?: Bandwidth
}

/** Written by the container service alone, from a parsed spec. */
export function specOf(row: ContainerRow): EngineSpec {
  const spec: EngineSpec = JSON.parse(row.specJson)
  return spec
}

/** What the engine says of the image, and how large each of its volumes is for this container. */
export interface RowImage extends ImageFacts {
  readonly volumeBytes?: number
}

/** An operation succeeds only when its container has stayed up for this long. */
export const minHealthyMs = (row: ContainerRow): number =>
  (specOf(row).minHealthySeconds ?? 0) * 1000

/** Written by the image step alone, from the engine's own answer. */
export function imageOf(row: ContainerRow): RowImage {
  if (row.imageJson === null) throw new Error(`Container "${row.id}" has no image yet`)
  const facts: RowImage = JSON.parse(row.imageJson)
  return facts
}

/**
 * Names what a container is made from: what cannot be changed while it lives. Only what is written down
 * counts, so that a newer platform, which may tell the engine more, takes it for the same.
 */
export const markOf = perObject(({ row, network, address, mac }: PlacedContainer): string => {
  const { image, command, entrypoint, workingDir, env, user, ports, labels, ...rest } = specOf(row)
  const { stopSignal, stopTimeoutSeconds, publish, exceptions, secrets } = rest
  // What most do not have is left out where it is not, as it was before there was any.
  const walls = {
    exceptions,
    secrets,
    ...(row.runtime === 'sandboxed' && { runtime: row.runtime }),
  }
  const process = { command, entrypoint, workingDir, env, user, stopSignal, stopTimeoutSeconds }
  const where = { network: network.id, address, mac, ports, publish }
  return specMark({ image, labels, policy: row.policy, ...walls, ...process, ...where })
})

export interface Given {
  readonly name: string
  readonly facts: RowImage
  readonly resolver: string | null
  readonly internalDomain: string
  readonly cgroupParent: string | undefined
  readonly secrets: GivenSecrets
}

function placesOf(placed: PlacedContainer): Pick<ContainerWanted, 'further'> & EndpointWanted {
  const [home, ...further] = endpointsOf(placed)
  if (!home) throw new Error(`Container "${placed.row.id}" is in no network`)
  return further.length > 0 ? { ...home, further } : home
}

/** Everything that the engine is told of a container: what is not here, it does not have. */
export function wantedOf(
  placed: PlacedContainer,
  { name, facts, resolver, internalDomain, cgroupParent, secrets }: Given,
): ContainerWanted {
  const { row, tenant } = placed
  const spec = specOf(row)
  const allowed = allowances(row.policy, spec.exceptions ?? [])
  const { id, appPort } = row
  const exposed = facts.exposedTcpPorts.map((port) => ({ port, protocol: 'tcp' as const }))
  return {
    name,
    tenant,
    id,
    generation: row.specGeneration,
    spec: markOf(placed),
    hostname: row.name,
    imageId: facts.imageId,
    ...(spec.command && { command: spec.command }),
    ...(spec.entrypoint && { entrypoint: spec.entrypoint }),
    ...(spec.workingDir !== undefined && { workingDir: spec.workingDir }),
    env: environmentOf({
      id,
      name: row.name,
      tenant,
      appPort,
      env: { ...spec.env, ...secrets.env },
    }),
    ...(spec.user !== undefined && { user: spec.user }),
    ...(secrets.folder !== undefined && { secretsFolder: secrets.folder }),
    labels: spec.labels ?? {},
    ...placesOf(placed),
    resolver,
    searchDomain: `${tenant}.${internalDomain}`,
    memoryBytes: row.memoryBytes,
    cpuMilli: row.cpuMilli,
    cpuShares: row.cpuShares,
    pids: row.pids,
    ...(cgroupParent !== undefined && { cgroupParent }),
    ...(row.runtime === 'sandboxed' && { sandboxed: true }),
    ...(allowed.largeShm && { shmBytes: row.memoryBytes }),
    readOnlyRoot: allowed.readOnlyRoot,
    capabilities: [...capabilitiesOf(row.policy), ...allowed.furtherCapabilities],
    tmpfs: tmpfsFor(facts.volumes, facts.volumeBytes),
    ...(spec.stopSignal !== undefined && { stopSignal: spec.stopSignal }),
    stopTimeoutSeconds: spec.stopTimeoutSeconds,
    ports: (spec.ports ?? exposed).map(({ port, protocol }) => ({ port, protocol })),
    publish: spec.publish,
  }
}
