import { randomId } from '../adapters/system.ts'
import type { AuditService } from '../services/audit.ts'
import { openStreams } from '../services/open-streams.ts'
import { sessionService } from '../services/sessions.ts'
import type { Outside } from './outside.ts'

/** Who is there at this moment. */
export function sessionServices({ store, clock }: Outside, audit: AuditService) {
  const streams = openStreams({ clock, newId: randomId })
  return { streams, sessions: sessionService({ store, audit, streams }) }
}
