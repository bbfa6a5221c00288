import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import { parseCidr } from '../core/cidr.ts'
import { bridgeName, dockerName } from '../core/docker-names.ts'
import { layoutOf } from '../core/ipam.ts'
import type { NewEvent } from '../core/event.ts'
import type { StepDeps } from './container-steps.ts'

type EnsuringDeps = Pick<StepDeps, 'store' | 'engine' | 'known' | 'instance' | 'record'>
type NetworkAt = Pick<PlacedContainer, 'tenant' | 'network'>

/** Makes a network on the engine where it is not there; answers whether it had to. */
export function networkEnsuring({ store, engine, known, instance, record }: EnsuringDeps) {
  return async ({ network, tenant }: NetworkAt, signal: AbortSignal): Promise<boolean> => {
    const name = dockerName(tenant, 'network', network.id)
    if (known.hasNetwork(name)) return false
    const subnet = parseCidr(network.subnet)
    if (!subnet) throw new Error(`Network "${network.id}" has the subnet "${network.subnet}"`)
    const { gateway, engineRange } = layoutOf(subnet)
    await engine.ensureNetwork(
      {
        name,
        tenant,
        id: network.id,
        generation: 1,
        bridge: bridgeName(instance, network.id),
        subnet: network.subnet,
        gateway,
        engineRange,
      },
      signal,
    )
    known.putNetwork(name)
    await store.write(async (q) => {
      const row = await q.networks.byId(network.id)
      if (row?.state === 'ready') await record(q, networkRepaired(row))
      else await q.networks.update(network.id, { state: 'ready' })
    })
    return true
  }
}

/** One that was ready had been there. */
const networkRepaired = ({ id, tenantId, name }: NetworkRow): NewEvent => ({
  tenantId,
  action: 'network.repaired',
  level: 'warning',
  target: { kind: 'network', id, name },
  message: `Network "${name}" had been removed, and was made anew`,
  details: { found: 'it had been removed' },
})
