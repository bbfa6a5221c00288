import { and, eq, isNull, sql, type SQL } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { addresses, containers, networks, tenants } from '../schema.ts'
import type { PlacedContainer, PlacedEndpoint } from './containers.ts'

interface Wanted {
  readonly where: SQL | undefined
  readonly orderBy?: SQL
  readonly limit?: number
}

/** Networks beside that of the default route, in the order in which they came. */
const FURTHER = sql<string>`(SELECT json_group_array(json_object(
    'network', json_object('id', "one"."network_id", 'name', "one"."name", 'subnet', "one"."subnet"),
    'address', "one"."address", 'mac', "one"."mac", 'aliases', json("one"."aliases_json"),
    'isLeaving', json(CASE WHEN "one"."leaving_at" IS NULL THEN 'false' ELSE 'true' END)))
  FROM (SELECT a.*, n.name, n.subnet FROM addresses AS a JOIN networks AS n ON n.id = a.network_id
    WHERE a.container_id = ${containers.id} AND a.network_id <> ${containers.networkId}
      AND a.released_at IS NULL ORDER BY a.rowid) AS one)`

/** Containers with what their networks and tenants say of them. */
export async function placedOn(
  db: Executor,
  { where, orderBy, limit }: Wanted,
): Promise<PlacedContainer[]> {
  const query = db
    .select({
      row: containers,
      tenant: tenants.slug,
      suspendedAt: tenants.suspendedAt,
      network: { id: networks.id, name: networks.name, subnet: networks.subnet },
      address: addresses.address,
      mac: addresses.mac,
      aliasesJson: addresses.aliasesJson,
      furtherJson: FURTHER,
    })
    .from(containers)
    .innerJoin(tenants, eq(tenants.id, containers.tenantId))
    .innerJoin(networks, eq(networks.id, containers.networkId))
    .innerJoin(
      addresses,
      and(
        eq(addresses.containerId, containers.id),
        eq(addresses.networkId, containers.networkId),
        isNull(addresses.releasedAt),
      ),
    )
    .where(where)
    .$dynamic()
  const ordered = orderBy ? query.orderBy(orderBy) : query
  const found = await (limit === undefined ? ordered : ordered.limit(limit))
  return found.map(({ aliasesJson, furtherJson, ...rest }) => ({
    ...rest,
    aliases: aliasesJson === NONE ? NO_ALIASES : aliasesIn(aliasesJson),
    further: furtherJson === NONE ? NO_FURTHER : furtherIn(furtherJson),
  }))
}

const NONE = '[]'
const NO_ALIASES: readonly string[] = Object.freeze([])
const NO_FURTHER: readonly PlacedEndpoint[] = Object.freeze([])

/** Written by the container service, from what the contract has parsed. */
function aliasesIn(json: string): readonly string[] {
  const aliases: readonly string[] = JSON.parse(json)
  return aliases
}

/** Made by the query above. */
function furtherIn(json: string): readonly PlacedEndpoint[] {
  const further: readonly PlacedEndpoint[] = JSON.parse(json)
  return further
}
