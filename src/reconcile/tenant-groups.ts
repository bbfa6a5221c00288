import type { Store } from '../../db/open.ts'
import { groupName, groupPrefix } from '../core/docker-names.ts'
import { groupLimits } from '../core/group-limits.ts'
import type { Amounts, Limits } from '../core/quota.ts'
import type { Log } from '../log.ts'
import type { TenantGroups } from '../ports/tenant-groups.ts'

export interface GroupDeps {
  readonly store: Store
  /** Null where the host's groups are not ours to write. */
  readonly groups: TenantGroups | null
  /** Undefined for a tenant that is gone. */
  readonly accountOf: (tenantId: string) => Promise<Account | undefined>
  readonly instance: string
  readonly log: Log
}

interface Account {
  readonly limits: Limits
  readonly reserved: Amounts
}

/** Keeps each tenant's group of processes in step with its limits. */
export function tenantGroups({ store, groups, accountOf, instance, log }: GroupDeps) {
  /** Answers what the engine is to put the tenant's containers in; undefined where there are no groups. */
  async function ensured(tenantId: string): Promise<string | undefined> {
    const account = groups && (await accountOf(tenantId))
    if (!account) return undefined
    const { limits, reserved } = account
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
