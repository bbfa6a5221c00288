import type { PlacedContainer } from '../../db/queries/containers.ts'
import { driftOf } from '../core/container-drift.ts'
import { parseCidr } from '../core/cidr.ts'
import { layoutOf } from '../core/ipam.ts'
import type { EngineContainer } from '../ports/engine.ts'
import { containerLook } from './container-look.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { networkEnsuring } from './network-ensuring.ts'
import { endpointsOf, networksOf, stayingIn } from './placed-endpoints.ts'

/** Puts containers into the networks that are theirs, and takes them out of all others. */
export function networkJoining(deps: StepDeps) {
  const { engine, known, log } = deps
  const { again } = containerLook(deps)
  const ensureNetwork = networkEnsuring(deps)

  /** Each may have gone with its connection. */
  async function ensureAll(placed: PlacedContainer, signal: AbortSignal): Promise<void> {
    const { tenant } = placed
    for (const { network } of stayingIn(placed)) await ensureNetwork({ tenant, network }, signal)
  }

  async function join(
    { placed, name }: StepAt,
    missing: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    if (missing.length === 0) return
    await ensureAll(placed, signal)
    for (const to of endpointsOf(placed)) {
      if (missing.includes(to.network)) await engine.connectContainer(name, to, signal)
    }
  }

  /** Whatever the engine has made of the default route when networks came and went. */
  async function route({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    const range = parseCidr(placed.network.subnet)
    const netns = (await again(name, signal))?.netns
    if (!deps.routes || netns === undefined || !range) return
    await deps.routes.set(netns, layoutOf(range).gateway, signal).catch((error: unknown) => {
      // It may have ended meanwhile; one that goes on is looked at again.
      log('debug', 'Cannot set a default route', { container: placed.row.id, error })
    })
  }

  return {
    join,
    ensureAll,

    /** Has the container in its networks and in no other; answers what was there, if it was. */
    async settle(at: StepAt, signal: AbortSignal): Promise<EngineContainer | undefined> {
      const seen = await again(at.name, signal)
      if (!seen?.set) return seen
      const drift = driftOf({ ...seen.set, networks: networksOf(at.placed) }, seen.set)
      for (const one of drift?.foreign ?? []) {
        await engine.disconnectContainer(at.name, one, signal)
      }
      await join(at, drift?.missing ?? [], signal)
      return seen
    },

    /** Only where there is a choice. */
    async routed(at: StepAt, signal: AbortSignal): Promise<void> {
      if (at.placed.further.length > 0) await route(at, signal)
    },

    /** An engine holds a container to the network that it last ran in, not to one of the same name. */
    async rejoin(at: StepAt, signal: AbortSignal): Promise<void> {
      const seen = await again(at.name, signal)
      for (const one of networksOf(at.placed)) known.dropNetwork(one)
      await ensureAll(at.placed, signal)
      for (const one of seen?.set?.networks ?? []) {
        await engine.disconnectContainer(at.name, one, signal)
      }
      if (seen) await join(at, networksOf(at.placed), signal)
    },
  }
}
