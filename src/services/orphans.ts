import type { Store } from '../../db/open.ts'
import {
  MOST_ORPHANS_SHOWN,
  type Collected,
  type Orphan as Shown,
  type Orphans as ShownOrphans,
} from '../contract/orphans.ts'
import type { Actor } from '../core/actor.ts'
import { engineAway, failure, type Failure } from '../core/failure.ts'
import type { Orphan, Orphans } from '../core/orphans.ts'
import { EngineAway } from '../ports/engine.ts'
import type { AuditService } from './audit.ts'
import type { SafeModeService } from './safe-mode.ts'

export interface OrphanDeps {
  readonly store: Store
  readonly audit: Pick<AuditService, 'accepted'>
  readonly safeMode: Pick<SafeModeService, 'state'>
  readonly collector: {
    look(signal: AbortSignal): Promise<Orphans>
    run(wanted: { readonly release: boolean }, signal: AbortSignal): Promise<Run>
  }
}

interface Run {
  readonly removed: readonly Orphan[]
  readonly braked: boolean
}

/** What the engine has that the database does not know, for the operator. */
export function orphanService({ store, audit, safeMode, collector }: OrphanDeps) {
  return {
    async list(signal: AbortSignal): Promise<ShownOrphans> {
      const { due, waiting, braked } = await collector.look(signal).catch(away)
      return {
        braked,
        safeMode: await safeMode.state(),
        dueCount: due.length,
        waitingCount: waiting.length,
        due: shownOf(due),
        waiting: shownOf(waiting),
      }
    },

    async collect(release: boolean, actor: Actor, signal: AbortSignal): Promise<Collected> {
      if (await safeMode.state()) throw isSafe()
      const { removed, braked } = await collector.run({ release }, signal).catch(away)
      const output = { braked, removedCount: removed.length, removed: shownOf(removed) }
      await store.write(async (q) => {
        const said = { action: 'platform.gc', tenant: null, target: 'platform/gc', status: 200 }
        await audit.accepted(q, actor, { ...said, output })
      })
      return output
    },
  }
}
export type OrphanService = ReturnType<typeof orphanService>

function away(error: unknown): never {
  throw error instanceof EngineAway ? engineAway('look for what no row knows') : error
}

const isSafe = (): Failure =>
  failure('state-conflict', 'Cannot remove what no row knows: the platform is in safe mode', {
    kind: 'platform',
    name: 'safe-mode',
    state: 'on',
  })

const shownOf = (orphans: readonly Orphan[]): Shown[] =>
  orphans.slice(0, MOST_ORPHANS_SHOWN).map(({ kind, name, id, tenant, ...at }) => ({
    kind,
    name,
    id,
    tenant,
    createdAt: at.createdAt.toISOString(),
    firstSeenAt: at.firstSeenAt.toISOString(),
  }))
