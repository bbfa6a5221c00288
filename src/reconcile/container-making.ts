import { EngineRefusal } from '../ports/engine.ts'
import { newRun } from './container-repairs.ts'
import { repairNotes, type StepAt, type StepDeps } from './container-steps.ts'
import { imageOf, markOf, wantedOf } from './container-wanted.ts'
import { networkJoining } from './network-joining.ts'

const NOT_FOUND = 404

/** Makes a container on the engine, and the networks that it is in. */
export function containerMaking(deps: StepDeps) {
  const { store, engine, known, resolver, internalDomain } = deps
  const { ensureAll } = networkJoining(deps)
  const repaired = repairNotes(deps)

  async function create(at: StepAt, signal: AbortSignal): Promise<void> {
    const { row } = at.placed
    const facts = imageOf(row)
    if (row.startedRun > 0 && (await isElsewhere(at, signal))) return
    await ensureAll(at.placed, signal)
    deps.passing('network-ensured')
    const cgroupParent = await deps.groups.ensured(row.tenantId)
    const secrets = await deps.secrets.given(at.placed)
    const given = { name: at.name, facts, resolver, internalDomain, cgroupParent, secrets }
    const wanted = wantedOf(at.placed, given)
    try {
      const made = engine.createContainer(wanted, signal)
      // The start makes sure of it; meanwhile it costs no time.
      const [engineId] = await Promise.all([made, deps.firewall.asserted().catch(() => undefined)])
      await created(at, engineId, signal)
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      // Adopted or refused by name: what is there now decides.
      const there = await engine.inspectContainer(at.name, signal)
      if (there) known.put(there)
      if (there) return
      if (error.status !== NOT_FOUND) throw error
      // The image went between the look and the create: look for it again, by pulling if need be.
      if (await engine.image(facts.imageId, signal)) throw error
      await store.writeFor(row.tenantId, (q) => q.containers.updateAt(row, { imageJson: null }))
    }
    deps.passing('container-created')
  }

  /** It has been there, so another hand has removed it; or only renamed it, and then it is found. */
  async function isElsewhere({ placed, name }: StepAt, signal: AbortSignal): Promise<boolean> {
    const { containers } = await engine.list(signal)
    const found = containers.find(({ id }) => id === placed.row.id)
    if (found) known.put(found)
    else if (placed.row.state === 'running') {
      await repaired(placed, 'it had been removed', newRun(placed.row))
    }
    return found !== undefined && found.name !== name
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

  return create
}
