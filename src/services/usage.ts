import type { Store } from '../../db/open.ts'
import type { PlatformUsage, Share, Usage } from '../contract/usage.ts'
import { capacityOf, fullDisks, usedPercent, type Machine } from '../core/capacity.ts'
import { added, RESERVED, type Amounts, type Reserved } from '../core/quota.ts'
import { accountOfPlatform, accountOfTenant, accountsOfTenants, type Account } from './ledger.ts'
import { measured, type Use } from './live-use.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface UsageDeps {
  readonly store: Store
  readonly machine: () => Machine | undefined
  /** What each tenant really uses now, by slug; one that is not named uses nothing. */
  readonly live: () => Promise<Use | undefined>
  /** False where the platform counts, but the host does not hold anyone to it. */
  readonly enforced: boolean
}

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

export function usageService({ store, machine, live, enforced }: UsageDeps) {
  const usageOf = (account: Account, used: Amounts = {}): Usage => ({
    ...sharesOf(account, used),
    enforced,
  })

  return {
    async ofTenant(slug: string): Promise<Usage> {
      const tenant = await tenantBySlug(store.read, slug)
      const account = await accountOfTenant(store.read, tenant.id)
      return usageOf(account, usedBy(await live(), slug))
    },

    async list({ limit, cursor }: Page): Promise<PlatformUsage> {
      const rows = await store.read.tenants.list({ after: cursor, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      const ids = rows.map(({ id }) => id)
      const accounts = await accountsOfTenants(store.read, ids)
      const used = await live()
      const items = rows.flatMap(({ id, slug }) => {
        const account = accounts.get(id)
        return account ? [{ ...usageOf(account, usedBy(used, slug)), tenant: slug }] : []
      })
      const all = used && measured(added([...used.values()]))
      const platform = usageOf(await accountOfPlatform(store.read), all)
      return { items, nextCursor: last?.slug ?? null, platform, host: hostOf(machine()) }
    },
  }
}
export type UsageService = ReturnType<typeof usageService>

const usedBy = (all: Use | undefined, slug: string): Amounts | undefined =>
  all && measured(all.get(slug) ?? {})

function sharesOf(account: Account, used: Amounts): Record<Reserved, Share> {
  const shares = RESERVED.map((resource) => {
    const limit = account.limits[resource] ?? null
    const reserved = account.reserved[resource]
    return [
      resource,
      {
        limit,
        reserved,
        used: used[resource] ?? null,
        percent: percentOf(reserved, limit),
        overLimit: account.overLimit.includes(resource),
      },
    ]
  })
  // Made of every name there is.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(shares) as Record<Reserved, Share>
}

/** Of nothing nothing can be a part. */
const percentOf = (reserved: number, limit: number | null): number | null =>
  limit === null || limit === 0 ? null : Math.round((reserved / limit) * 1000) / 10

function hostOf(machine: Machine | undefined): PlatformUsage['host'] {
  if (!machine) return null
  const { facts, policy } = machine
  const most = capacityOf(facts, policy)
  return {
    cpus: facts.cpus,
    memoryBytes: facts.memoryBytes,
    cpuMilliMost: most.cpuMilli,
    memoryBytesMost: most.memoryBytes,
    disks: disksOf(machine),
  }
}

export function disksOf(machine: Machine) {
  const full = fullDisks(machine)
  return machine.facts.disks.map((disk) => ({
    ...disk,
    usedPercent: usedPercent(disk),
    full: full.includes(disk),
  }))
}
