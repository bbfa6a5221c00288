import type { Store } from '../../db/open.ts'
import type { LimitsChange } from '../contract/limits.ts'
import type { PlatformLimits } from '../contract/usage.ts'
import type { Actor } from '../core/actor.ts'
import { allLimits } from '../core/quota.ts'
import type { AuditService } from './audit.ts'
import { accountOfPlatform, type Account } from './ledger.ts'
import { defined } from './tenants.ts'

export interface PlatformLimitsDeps {
  readonly store: Store
  readonly audit: AuditService
}

/** What all tenants together may hold. */
export function platformLimitsService({ store, audit }: PlatformLimitsDeps) {
  return {
    get: async (): Promise<PlatformLimits> => shown(await accountOfPlatform(store.read)),

    async update(change: LimitsChange, actor: Actor): Promise<PlatformLimits> {
      return store.write(async (q) => {
        await q.limits.put(null, defined(change))
        const said = { action: 'platform-limits.update', target: 'platform/limits' }
        await audit.accepted(q, actor, { ...said, tenant: null, status: 200 })
        return shown(await accountOfPlatform(q))
      })
    },
  }
}
export type PlatformLimitsService = ReturnType<typeof platformLimitsService>

const shown = ({ limits, overLimit }: Account): PlatformLimits => ({
  limits: allLimits(limits),
  overLimit: [...overLimit],
})
