import { setImmediate } from 'node:timers/promises'
import { auditCareService } from '../services/audit-care.ts'
import { auditCheckService } from '../services/audit-check.ts'
import { auditService } from '../services/audit.ts'
import type { Outside } from './outside.ts'

/** What writes the audit log, what proves it, and what keeps it from growing for ever. */
export function auditing({ settings, store, clock, keyRing, log }: Outside) {
  const keep = { days: settings.CLOUDLET_AUDIT_DAYS, entries: settings.CLOUDLET_AUDIT_ENTRIES }
  return {
    audit: auditService({ store, clock, keyRing }),
    auditCheck: auditCheckService({ store, keyRing, breathe: () => setImmediate() }),
    auditCare: auditCareService({ store, clock, keyRing, log, keep }),
  }
}
