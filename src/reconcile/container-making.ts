import type { PlacedContainer } from '../../db/queries/containers.ts'
import { parseCidr } from '../core/cidr.ts'
import { bridgeName, dockerName } from '../core/docker-names.ts'
import { layoutOf } from '../core/ipam.ts'
import { EngineRefusal } from '../ports/engine.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { imageOf, markOf, wantedOf } from './container-wanted.ts'

const NOT_FOUND = 404

/** Makes a container on the engine, and the network that it is in. */
export function containerMaking(deps: StepDeps) {
  const { store, engine, known, resolver, internalDomain } = deps

  async function create(at: StepAt, signal: AbortSignal): Promise<void> {
    const { row } = at.placed
    const facts = imageOf(row)
    await ensureNetwork(at.placed, signal)
    deps.passing('network-ensured')
    const cgroupParent = await deps.groups.ensured(row.tenantId)
    const given = { name: at.name, facts, resolver, internalDomain, cgroupParent }
    const wanted = wantedOf(at.placed, given)
    try {
      const engineId = await engine.createContainer(wanted, signal)
      await created(at, engineId, signal)
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      // Adopted or refused by name: what is there now decides.
      const there = await engine.inspectContainer(at.name, signal)
      if (there) return known.put(there)
      if (error.status !== NOT_FOUND) throw error
      // The image went between the look and the create: look for it again, by pulling if need be.
      if (await engine.image(facts.imageId, signal)) throw error
      await store.write((q) => q.containers.updateAt(row, { imageJson: null }))
    }
    deps.passing('container-created')
  }

  /** One that had been started before may have been adopted, and may run, or have ended meanwhile. */
  async function created(
    { placed, name }: StepAt,
    engineId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { row, tenant } = placed
    const there = row.startedRun > 0 ? await engine.inspectContainer(name, signal) : undefined
    if (there) return known.put(there)
    const { id, specGeneration: generation } = row
    const labels = { tenant, id, generation, spec: markOf(placed) }
    const createdAt = deps.clock.now()
    known.put({ ...labels, engineId, name, createdAt, status: 'created', published: [] })
    return undefined
  }

  async function ensureNetwork({ row, network, tenant }: PlacedContainer, signal: AbortSignal) {
    const name = dockerName(tenant, 'network', network.id)
    if (known.hasNetwork(name)) return
    const subnet = parseCidr(network.subnet)
    if (!subnet) throw new Error(`Network "${network.id}" has the subnet "${network.subnet}"`)
    const { gateway, engineRange } = layoutOf(subnet)
    await engine.ensureNetwork(
      {
        name,
        tenant,
        id: network.id,
        generation: 1,
        bridge: bridgeName(deps.instance, network.id),
        subnet: network.subnet,
        gateway,
        engineRange,
      },
      signal,
    )
    known.putNetwork(name)
    await store.write((q) => q.networks.update(row.networkId, { state: 'ready' }))
  }

  return create
}
