import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import { ContainerCreate } from '../../src/contract/containers.ts'
import { addressText, parseCidr } from '../../src/core/cidr.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { macFor } from '../../src/core/ipam.ts'
import type { Engine, ImageFacts, NetworkWanted } from '../../src/ports/engine.ts'
import { NO_SECRETS } from '../../src/reconcile/container-secrets.ts'
import { wantedOf } from '../../src/reconcile/container-wanted.ts'
import { newRow } from '../../src/services/container-rows.ts'
import { PLAIN } from '../../src/services/placement.ts'

/** Containers that run already, as if a tenant had made them one by one: rows, and the engine's part. */

export const TENANT = 'bench'
export const IMAGE = 'cloudlet/demo'
/** So that no machine is too small for a thousand. */
export const SMALL = { memoryBytes: 6 * 1024 ** 2, cpuMilli: 10, pids: 8 } as const
export const FACTS: ImageFacts = {
  imageId: `sha256:${'d'.repeat(64)}`,
  exposedTcpPorts: [8080],
  volumes: [],
  user: '',
}
/** A /24 has room for 190; several networks of that kind hold what a tenant of a thousand has. */
const IN_NETWORK = 180
const FIRST_HOST = 2

export const nameAt = (index: number): string => `web-${String(index).padStart(5, '0')}`
const idAt = (index: number): string => `c${String(index).padStart(15, '0')}`

export interface Seed {
  readonly tenant: TenantRow
  readonly nowMs: number
}

export async function seedRows(q: Queries, count: number, at: Seed): Promise<void> {
  const { tenant } = at
  const networks = Array.from({ length: Math.ceil(count / IN_NETWORK) }, (_, index) =>
    networkRow(tenant, index, at.nowMs),
  )
  for (const network of networks) {
    await q.networks.insert(network)
  }
  for (let index = 0; index < count; index++) {
    const network = networks[Math.floor(index / IN_NETWORK)]
    if (network) await addContainer(q, { tenant, network, index }, at)
  }
}

/** What the engine has of those rows. */
export async function seedEngine(engine: Engine, all: readonly PlacedContainer[]): Promise<void> {
  const networks = new Map(all.map(({ network }) => [network.id, network]))
  for (const network of networks.values()) {
    await engine.ensureNetwork(engineNetwork(network), NEVER)
  }
  for (const placed of all) {
    const name = dockerName(placed.tenant, 'container', placed.row.id)
    const given = { name, facts: FACTS, resolver: null, internalDomain: 'internal' }
    await engine.createContainer(
      wantedOf(placed, { ...given, cgroupParent: undefined, secrets: NO_SECRETS }),
      NEVER,
    )
    await engine.startContainer(name, NEVER)
  }
}

/** An engine in memory answers at once. */
const NEVER = new AbortController().signal

function networkRow(tenant: TenantRow, index: number, createdAt: number): NetworkRow {
  return {
    id: `n${String(index).padStart(15, '0')}`,
    tenantId: tenant.id,
    nodeId: 'local',
    name: index === 0 ? 'default' : `net-${index}`,
    subnet: `10.209.${index}.0/24`,
    desired: 'present',
    state: 'ready',
    generation: 1,
    createdAt,
    releasedAt: null,
    ...PLAIN,
  }
}

const engineNetwork = ({ id, subnet }: PlacedContainer['network']): NetworkWanted => ({
  name: dockerName(TENANT, 'network', id),
  tenant: TENANT,
  id,
  generation: 1,
  bridge: id,
  subnet,
  gateway: '',
  engineRange: '',
})

interface Place {
  readonly tenant: TenantRow
  readonly network: NetworkRow
  readonly index: number
}

async function addContainer(q: Queries, { tenant, network, index }: Place, { nowMs }: Seed) {
  const id = idAt(index)
  const wanted = ContainerCreate.parse({
    name: nameAt(index),
    image: IMAGE,
    env: { GREETING: `hello from ${index}` },
    labels: { 'app.kind': 'web', shard: String(index % 10) },
    ...SMALL,
  })
  const row: ContainerRow = {
    ...newRow(wanted, { tenant, id, node: 'local', nowMs }),
    networkId: network.id,
    state: 'running',
    startedRun: 1,
    startingAt: nowMs,
    startedAt: nowMs,
    imageJson: JSON.stringify(FACTS),
    appPort: FACTS.exposedTcpPorts[0] ?? null,
  }
  const base = parseCidr(network.subnet)?.base ?? 0
  const address = addressText(base + FIRST_HOST + (index % IN_NETWORK))
  const mac = macFor(address)
  await q.addresses.insert({
    id: `a${String(index).padStart(15, '0')}`,
    networkId: network.id,
    address,
    mac,
    containerId: id,
    releasedAt: null,
    aliasesJson: '[]',
    leavingAt: null,
  })
  await q.containers.insert(row)
  await q.names.claim({ tenantId: tenant.id, name: row.name, kind: 'container', resourceId: id })
}
