import type { Queries, Store } from '../../db/open.ts'
import type { SecretRow, SecretVersionRow } from '../../db/queries/secrets.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import { MOST_SECRET_BYTES, type Secret, type SecretPut } from '../contract/secrets.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound, wrongField } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Vault } from '../ports/vault.ts'
import type { AuditService } from './audit.ts'
import { spareVersions, versionsInUse } from './secret-versions.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface SecretDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: Pick<AuditService, 'accepted'>
  readonly vault: Pick<Vault, 'open' | 'seal'>
}

interface Asked {
  readonly tenant: string
  readonly secret: string
  readonly actor: Actor
}

/** Until there is a quota of them. */
const MOST_OF_TENANT = 200

export const secretService = (deps: SecretDeps) => ({ ...readings(deps), ...changes(deps) })

export type SecretService = ReturnType<typeof secretService>

const readings = ({ store }: Pick<SecretDeps, 'store'>) => ({
  async get(slug: string, name: string): Promise<Secret> {
    const q = store.read
    return shown(q, await found(q, await tenantBySlug(q, slug), name))
  },

  async list(slug: string): Promise<{ items: Secret[] }> {
    const q = store.read
    const rows = await q.secrets.list((await tenantBySlug(q, slug)).id)
    return { items: await Promise.all(rows.map((row) => shown(q, row))) }
  },
})

function changes(deps: SecretDeps) {
  const { store, audit, vault } = deps
  const addVersion = versionAdder(deps)

  /** The value of a version, for us alone. */
  async function valueOf(q: Queries, row: SecretRow, version: number): Promise<Uint8Array> {
    const sealed = (await q.secrets.versions([row.id])).find((one) => one.version === version)
    if (!sealed) throw notFound('version', `${row.name} ${version}`)
    return vault.open({ tenantId: row.tenantId, secretId: row.id, version }, sealed)
  }

  /** Changes a secret under its audit entry, and answers what it is then. */
  async function changed(
    asked: Asked,
    verb: string,
    work: (q: Queries, tenant: TenantRow) => Promise<Secret>,
  ): Promise<Secret> {
    return store.writeFor(asked.tenant, async (q) => {
      const tenant = await tenantToFill(q, asked.tenant)
      const output = await work(q, tenant)
      const target = `secret/${asked.secret}`
      const said = { action: `secrets.${verb}`, tenant, target, status: 200, output }
      await audit.accepted(q, asked.actor, said)
      return output
    })
  }

  return {
    async put(asked: Asked, given: SecretPut): Promise<Secret> {
      const value = bytesOf(given)
      return changed(asked, 'put', async (q, tenant) => {
        const row = await q.secrets.byName(tenant.id, asked.secret)
        if (!row && (await q.secrets.list(tenant.id)).length >= MOST_OF_TENANT) {
          throw full(asked.secret, `the tenant has ${MOST_OF_TENANT} already`)
        }
        // A repeat of the same is not a new version: nobody need be started anew for it.
        if (row && isSame(await valueOf(q, row, row.version), value)) return shown(q, row)
        return shown(q, await addVersion(q, { tenant, name: asked.secret, row, value }))
      })
    },

    async rollBack(asked: Asked, version: number): Promise<Secret> {
      return changed(asked, 'rollback', async (q, tenant) => {
        const row = await found(q, tenant, asked.secret)
        if (row.version === version) return shown(q, row)
        const value = await valueOf(q, row, version)
        return shown(q, await addVersion(q, { tenant, name: row.name, row, value }))
      })
    },

    async delete(asked: Asked): Promise<Secret> {
      return changed(asked, 'delete', async (q, tenant) => {
        const row = await found(q, tenant, asked.secret)
        const secret = await shown(q, row)
        if (secret.usedBy.length > 0) throw inUse(secret)
        await q.secrets.remove(row.id)
        return secret
      })
    },
  }
}

async function found(q: Queries, { id }: TenantRow, name: string): Promise<SecretRow> {
  const row = await q.secrets.byName(id, name)
  if (row) return row
  throw notFound('secret', name)
}

interface NewVersion {
  readonly tenant: TenantRow
  readonly name: string
  /** Undefined: it is the first. */
  readonly row: SecretRow | undefined
  readonly value: Uint8Array
}

/** Adds a version, makes room for it, and marks the containers that run with an older one. */
const versionAdder =
  ({ clock, newId, vault }: SecretDeps) =>
  async (q: Queries, { tenant, name, row, value }: NewVersion): Promise<SecretRow> => {
    const now = clock.now().getTime()
    const version = (row?.version ?? 0) + 1
    const { id, createdAt } = row ?? { id: newId(), createdAt: now }
    const next = { id, tenantId: tenant.id, name, version, createdAt, updatedAt: now }
    const users = await q.secrets.users(tenant.id, name)
    const spare = spareVersions(await q.secrets.versions([id]), versionsInUse(name, users))
    if (spare === null) throw full(name, 'all versions that are kept are in use')
    await q.secrets.put(next)
    await q.secrets.removeVersions(id, spare)
    const place = { tenantId: tenant.id, secretId: id, version }
    const sealed = vault.seal(place, value)
    const sizeBytes = value.byteLength
    await q.secrets.addVersion({ secretId: id, version, sizeBytes, ...sealed, createdAt: now })
    const outdated = users.filter(({ wantedJson }) => wantedJson.includes('latest'))
    for (const user of outdated.filter(({ secretsJson }) => secretsJson !== null)) {
      await q.containers.update(user.id, { secretsOutdatedAt: now })
    }
    return next
  }

async function shown(q: Queries, row: SecretRow): Promise<Secret> {
  const [versions, users] = await Promise.all([
    q.secrets.versions([row.id]),
    q.secrets.users(row.tenantId, row.name),
  ])
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    versions: versions.map(versionOf),
    usedBy: users.map(({ name }) => name),
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}

const versionOf = ({ version, sizeBytes, createdAt }: SecretVersionRow) => ({
  version,
  sizeBytes,
  createdAt: new Date(createdAt).toISOString(),
})

function bytesOf({ value, base64 }: SecretPut): Uint8Array {
  const bytes = base64 === undefined ? Buffer.from(value ?? '') : Buffer.from(base64, 'base64')
  if (bytes.byteLength <= MOST_SECRET_BYTES) return bytes
  throw wrongField('#/value', `a secret has at most ${MOST_SECRET_BYTES} bytes`)
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const full = (name: string, why: string) =>
  failure('state-conflict', `Cannot keep secret "${name}": ${why}`, {
    kind: 'secret',
    name,
    state: 'full',
  })

function inUse({ name, usedBy }: Secret) {
  const users = usedBy.map((one) => `"${one}"`).join(', ')
  return failure('state-conflict', `Cannot delete secret "${name}": it is used by ${users}`, {
    kind: 'secret',
    name,
    state: `used by ${usedBy.join(', ')}`,
  })
}
