import { setImmediate } from 'node:timers/promises'
import type { AuditService } from '../services/audit.ts'
import { secretService } from '../services/secrets.ts'
import { secretsKeyService } from '../services/secrets-key.ts'
import { randomId } from '../adapters/system.ts'
import type { Outside } from './outside.ts'

/** What keeps the secrets of tenants, and gives them another key. */
export function vaulting({ store, clock, vault }: Outside, audit: AuditService) {
  return {
    secrets: secretService({ store, clock, newId: randomId, audit, vault }),
    secretsKey: secretsKeyService({ store, audit, vault, breathe: () => setImmediate() }),
  }
}
