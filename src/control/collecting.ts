import type { AuditService } from '../services/audit.ts'
import type { EventService } from '../services/events.ts'
import { orphanService, type OrphanDeps } from '../services/orphans.ts'
import { safeModeService } from '../services/safe-mode.ts'
import type { Outside } from './outside.ts'

interface Around {
  readonly audit: AuditService
  readonly events: EventService
  readonly collector: OrphanDeps['collector']
}

/** What no row knows, and what keeps it after a restore. */
export function collecting({ store }: Outside, { audit, events, collector }: Around) {
  const safeMode = safeModeService({ store, audit, events })
  return { safeMode, orphans: orphanService({ store, audit, safeMode, collector }) }
}
