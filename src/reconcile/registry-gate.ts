import { isPublicAddress, judgedRegistry } from '../core/registry-hosts.ts'
import type { HostNames } from '../ports/host-names.ts'

export interface GateDeps {
  readonly names: HostNames
  /** Registries that the operator lets tenants pull from, wherever they are. */
  readonly registries: readonly string[]
}

/**
 * Answers why nothing is pulled from a registry, or undefined. A name that cannot be found is let
 * through: the engine may have a proxy that finds it, and says so itself where it has not.
 */
export const registryGate =
  ({ names, registries }: GateDeps) =>
  async (registry: string, signal: AbortSignal): Promise<string | undefined> => {
    const verdict = judgedRegistry(registry, registries)
    if (verdict === 'refused') return NOT_PUBLIC
    const host = registry.replace(/:\d+$/, '')
    const addresses = verdict === 'unknown' ? await names.addresses(host, signal) : []
    const inside = addresses.some((one) => !isPublicAddress(one) || names.isOwn(one))
    return inside ? NOT_PUBLIC : undefined
  }
export type RegistryGate = ReturnType<typeof registryGate>

const NOT_PUBLIC =
  'its registry is not on the public Internet; an operator can name it in CLOUDLET_REGISTRIES'
