import type { Store } from '../../db/open.ts'
import type { Actor } from '../core/actor.ts'
import type { Vault } from '../ports/vault.ts'
import type { AuditService } from './audit.ts'

export interface SecretsKeyDeps {
  readonly store: Store
  readonly audit: Pick<AuditService, 'accepted'>
  readonly vault: Vault
  /** Lets others have their turn between two batches. */
  readonly breathe: () => Promise<void>
  /** Called between every two batches; tests let the process die there. */
  readonly passing?: (point: string) => void
}

const BATCH = 100

/** Gives all secrets another wrapping key. What was cut short is found in the rows, and goes on. */
export function secretsKeyService({ store, audit, vault, breathe, passing }: SecretsKeyDeps) {
  /** Wraps anew whatever is not under the current key; answers how many that were. */
  async function settle(): Promise<number> {
    let done = 0
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- batches, so that other writers get their turn
      const count = await store.write(async (q) => {
        const rows = await q.secrets.wrappedOtherwise(vault.wrapKey, BATCH)
        for (const { row, tenantId } of rows) {
          const place = { tenantId, secretId: row.secretId, version: row.version }
          // oxlint-disable-next-line no-await-in-loop -- one connection
          await q.secrets.rewrapped({ ...row, ...vault.rewrap(place, row) })
        }
        return rows.length
      })
      done += count
      passing?.('secrets-rewrapped')
      if (count < BATCH) return done
      // oxlint-disable-next-line no-await-in-loop -- see above
      await breathe()
    }
  }

  return {
    settle,

    /** One that was cut short is ended first, and is all that is done then: a repeat is no second rotation. */
    async rotate(actor: Actor) {
      const resumed = (await store.read.secrets.countWrappedOtherwise(vault.wrapKey)) > 0
      if (!resumed) await vault.rotate()
      passing?.('secrets-key-made')
      const key = vault.wrapKey
      await store.write((q) =>
        audit.accepted(q, actor, {
          action: 'platform.rotate-secrets-key',
          tenant: null,
          target: `secrets-key/${key}`,
          status: 200,
        }),
      )
      return { key, rewrapped: await settle(), resumed }
    },
  }
}
export type SecretsKeyService = ReturnType<typeof secretsKeyService>
