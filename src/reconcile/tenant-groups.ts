import type { Store } from '../../db/open.ts'
import { groupName, groupPrefix } from '../core/docker-names.ts'
import { groupLimits } from '../core/group-limits.ts'
import type { Limits } from '../core/quota.ts'
import type { Log } from '../log.ts'
import type { TenantGroups } from '../ports/tenant-groups.ts'

export interface GroupDeps {
  readonly store: Store
  /** Null where the host's groups are not ours to write. */
  readonly groups: TenantGroups | null
  /** Undefined for a tenant that is gone. */
  readonly limitsOf: (tenantId: string) => Promise<Limits | undefined>
  readonly instance: string
  readonly log: Log
}

/** Keeps each tenant's group of processes in step with its limits. */
export function tenantGroups({ store, groups, limitsOf, instance, log }: GroupDeps) {
  /** Answers what the engine is to put the tenant's containers in; undefined where there are no groups. */
  async function ensured(tenantId: string): Promise<string | undefined> {
    const limits = groups && (await limitsOf(tenantId))
    if (!limits) return undefined
    const reserved = await store.read.containers.reserved(tenantId)
    return groups.ensure(groupName(instance, tenantId), groupLimits(limits, reserved))
  }

  async function settled(all: TenantGroups, group: string): Promise<void> {
    const idStart = group.slice(groupPrefix(instance).length)
    const tenants = await store.read.tenants.byIdStart(idStart)
    const living = tenants.filter(({ deletedAt }) => deletedAt === null)
    for (const { id } of living) await ensured(id)
    // What no row knows is left alone: the database may be an older copy.
    if (tenants.length > 0 && living.length === 0) await all.remove(group)
  }

  return {
    ensured,

    /** The limits of groups that are there may have changed, or their tenants be gone. */
    async settle(): Promise<void> {
      if (!groups) return
      for (const group of await groups.list(groupPrefix(instance))) {
        await settled(groups, group).catch((error: unknown) => {
          log('warn', "Cannot settle a tenant's group of processes", { group, error })
        })
      }
    },
  }
}
export type SettledGroups = ReturnType<typeof tenantGroups>
