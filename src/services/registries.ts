import type { Store } from '../../db/open.ts'
import type { RegistryRow } from '../../db/queries/registries.ts'
import type { Registry, RegistryLogin } from '../contract/images.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { AuditService } from './audit.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface RegistryDeps {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditService
  readonly keyRing: Pick<KeyRing, 'open' | 'seal'>
}

interface Asked {
  readonly tenant: string
  readonly host: string
  readonly actor: Actor
}

/** Credentials of a tenant; each is a row, so their number has an end. */
const MOST_OF_TENANT = 100

export function registryService({ store, clock, audit, keyRing }: RegistryDeps) {
  return {
    async put({ tenant: slug, host, actor }: Asked, login: RegistryLogin): Promise<Registry> {
      return store.writeFor(slug, async (q) => {
        const tenant = await tenantToFill(q, slug)
        const others = (await q.registries.list(tenant.id)).filter((row) => row.host !== host)
        if (others.length >= MOST_OF_TENANT) throw tooMany(host)
        const row = {
          tenantId: tenant.id,
          host,
          username: login.username,
          sealedPassword: keyRing.seal(purposeOf(tenant.id, host), login.password),
          updatedAt: clock.now().getTime(),
        }
        await q.registries.put(row)
        const said = { action: 'registries.put', tenant, target: `registry/${host}`, status: 200 }
        await audit.accepted(q, actor, said)
        return registryOf(row)
      })
    },

    async list(slug: string): Promise<{ items: Registry[] }> {
      const tenant = await tenantBySlug(store.read, slug)
      return { items: (await store.read.registries.list(tenant.id)).map(registryOf) }
    },

    async delete({ tenant: slug, host, actor }: Asked): Promise<Registry> {
      return store.writeFor(slug, async (q) => {
        const tenant = await tenantBySlug(q, slug)
        const row = await q.registries.byHost(tenant.id, host)
        if (!row) throw notFound('registry', host)
        await q.registries.remove(tenant.id, host)
        const said = {
          action: 'registries.delete',
          tenant,
          target: `registry/${host}`,
          status: 200,
        }
        await audit.accepted(q, actor, said)
        return registryOf(row)
      })
    },

    /** For the pull alone; no answer of the API has the password in it. */
    async loginFor(tenantId: string, host: string): Promise<RegistryLogin | undefined> {
      const row = await store.read.registries.byHost(tenantId, host)
      if (!row) return undefined
      const password = keyRing.open(purposeOf(tenantId, host), row.sealedPassword)
      return { username: row.username, password }
    },
  }
}
export type RegistryService = ReturnType<typeof registryService>

/** Sealed for one tenant and one host: a row that is copied to another does not open there. */
const purposeOf = (tenantId: string, host: string): string => `registry ${tenantId} ${host}`

const tooMany = (host: string) =>
  failure(
    'state-conflict',
    `Cannot keep credentials of registry "${host}": the tenant has ${MOST_OF_TENANT} already`,
    { kind: 'registry', name: host, state: 'full' },
  )

const registryOf = ({ host, username, updatedAt }: RegistryRow): Registry => ({
  host,
  username,
  updatedAt: new Date(updatedAt).toISOString(),
})
