import type { PlacedContainer } from '../../db/queries/containers.ts'
import { dockerName } from '../core/docker-names.ts'
import { containerLook } from './container-look.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { networkEnsuring } from './network-ensuring.ts'

/** Puts containers into the network that is theirs. */
export function networkJoining(deps: StepDeps) {
  const { engine, known } = deps
  const { again } = containerLook(deps)
  const ensureNetwork = networkEnsuring(deps)

  /** The network may have gone with the connection. */
  async function join({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    await ensureNetwork(placed, signal)
    const to = { network: networkOf(placed), address: placed.address, mac: placed.mac }
    await engine.connectContainer(name, to, signal)
  }

  return {
    join,

    /** An engine holds a container to the network that it last ran in, not to one of the same name. */
    async rejoin(at: StepAt, signal: AbortSignal): Promise<void> {
      const seen = await again(at.name, signal)
      known.dropNetwork(networkOf(at.placed))
      await ensureNetwork(at.placed, signal)
      for (const one of seen?.set?.networks ?? []) {
        await engine.disconnectContainer(at.name, one, signal)
      }
      if (seen) await join(at, signal)
    },
  }
}

export const networkOf = ({ tenant, network }: PlacedContainer): string =>
  dockerName(tenant, 'network', network.id)
