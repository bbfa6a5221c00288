import { appDomains } from './app-domains.ts'
import { certificateReader as reader } from '../adapters/certificate-reader.ts'
import type { AuditService } from '../services/audit.ts'
import { certificateService } from '../services/certificates.ts'
import type { Outside } from './outside.ts'
import type { reconciling } from './reconciling.ts'

/** Certificates that tenants bring. */
export function certifying(
  { store, clock, keyRing, settings }: Outside,
  audit: Pick<AuditService, 'accepted'>,
  reconciler: ReturnType<typeof reconciling>,
) {
  const domains = appDomains(settings)
  const changed = (): void => reconciler.certificates.changed()
  const common = { store, clock, audit, keyRing, reader }
  return { certificates: certificateService({ ...common, domains, changed }) }
}
