import type { Store } from '../../db/open.ts'
import type { SafeMode } from '../contract/safe-mode.ts'
import type { Actor } from '../core/actor.ts'
import { failure, type Failure } from '../core/failure.ts'
import { safeModeOf } from '../core/safe-mode.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'

export interface SafeModeDeps {
  readonly store: Store
  readonly audit: Pick<AuditService, 'accepted'>
  readonly events: Pick<EventService, 'record'>
}

/** After a restore nothing is removed for being unknown, until somebody has looked and says so. */
export function safeModeService({ store, audit, events }: SafeModeDeps) {
  return {
    async state(): Promise<SafeMode | null> {
      const text = await store.read.platformState.find('safe-mode')
      return text === undefined ? null : safeModeOf(text)
    },

    async leave(actor: Actor): Promise<SafeMode> {
      return store.write(async (q) => {
        const text = await q.platformState.find('safe-mode')
        if (text === undefined) throw notSafe()
        const left = safeModeOf(text)
        await q.platformState.remove('safe-mode')
        const said = { action: 'platform.leave-safe-mode', tenant: null, status: 200 }
        await audit.accepted(q, actor, { ...said, target: 'platform/safe-mode', output: left })
        await events.record(q, {
          tenantId: null,
          action: 'platform.safe-mode-left',
          level: 'info',
          target: { kind: 'platform', id: 'safe-mode', name: 'safe-mode' },
          message: 'The platform has left safe mode',
          details: { ...left },
        })
        return left
      })
    },
  }
}
export type SafeModeService = ReturnType<typeof safeModeService>

const notSafe = (): Failure =>
  failure('state-conflict', 'Cannot leave safe mode: the platform is not in it', {
    kind: 'platform',
    name: 'safe-mode',
    state: 'off',
  })
