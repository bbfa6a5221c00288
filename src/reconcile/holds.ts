import type { Store } from '../../db/open.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { Holds } from '../core/effective-desired.ts'

/** Who keeps which containers from running now. What it reads is in memory. */
export async function holdsNow({
  read,
}: Pick<Store, 'read'>): Promise<(placed: PlacedContainer) => Holds> {
  const nodes = await read.nodes.all()
  const drained = new Set(
    nodes.filter(({ scheduling }) => scheduling === 'drained').map(({ id }) => id),
  )
  return ({ row, suspendedAt }) => ({
    tenantSuspended: suspendedAt !== null,
    nodeDrained: drained.has(row.nodeId),
  })
}
