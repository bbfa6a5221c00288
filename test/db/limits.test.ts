import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { z } from 'zod'
import { openStore } from '../../db/open.ts'

const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url))

const Journal = z.looseObject({ entries: z.array(z.looseObject({ tag: z.string() })) })

function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-limits-'))
  return {
    folder,
    url: `file:${join(folder, 'test.db')}`,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

/** The migrations as they were before `tag`. */
function migrationsBefore(tag: string, folder: string): string {
  const before = join(folder, 'before')
  mkdirSync(before)
  cpSync(MIGRATIONS, before, { recursive: true })
  const file = join(before, 'meta/_journal.json')
  const journal = Journal.parse(JSON.parse(readFileSync(file, 'utf8')))
  const at = journal.entries.findIndex((entry) => entry.tag.endsWith(tag))
  assert.ok(at > 0, `there is no migration "${tag}"`)
  writeFileSync(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, at) }))
  return before
}

const TENANT = '0000000000000001'
const GONE = '0000000000000002'

test('the limits of a tenant of an older version are its limits still, and its keys are its own', async () => {
  using at = scratch()
  const client = createClient({ url: at.url })
  await migrate(drizzle(client), { migrationsFolder: migrationsBefore('_limits', at.folder) })
  await client.executeMultiple(`
    INSERT INTO tenants (id, slug, policy, limit_containers, limit_memory_bytes, created_at)
      VALUES ('${TENANT}', 'aa', 'restricted', 3, 0, 5);
    INSERT INTO tenants (id, slug, policy, limit_containers, created_at, deleted_at)
      VALUES ('${GONE}', 'bb', 'baseline', 4, 5, 6);
    INSERT INTO access_keys (id, tenant_id, description, role, root_key, version, created_at)
      VALUES ('ck0000000000000001', '${TENANT}', '', 'admin', 1, 1, 5);`)
  client.close()

  const store = await openStore(at.url, MIGRATIONS)
  const row = await store.read.tenants.bySlug('aa')
  assert.deepEqual([row?.id, row?.policy, row?.createdAt], [TENANT, 'restricted', 5])
  assert.deepEqual(await store.read.limits.ofTenants([TENANT, GONE]), new Map([[TENANT, CARRIED]]))
  assert.deepEqual(await store.read.limits.ofPlatform(), {})
  assert.equal(await store.read.tenants.lastDeletion('bb'), 6)
  // What referred to the table that was made anew refers to the new one.
  const strange = store.write((q) => q.limits.put('0000000000000009', { pids: 1 }))
  await assert.rejects(strange, ({ cause }) => /FOREIGN KEY/.test(String(cause)))
  await store.close()
})
const WALLS = { policy: 'baseline', runtime: 'default', exceptionsJson: '[]' } as const
const CARRIED = { containers: 3, cpuMilli: null, memoryBytes: 0 }

test('put() sets what is named and leaves the rest, of the platform as of a tenant', async () => {
  using at = scratch()
  const store = await openStore(at.url, MIGRATIONS)
  const row = { id: TENANT, slug: 'aa', ...WALLS, createdAt: 5, deletedAt: null }
  await store.write(async (q) => {
    await q.tenants.insert(row)
    await q.limits.put(TENANT, { containers: 1, pids: null })
    await q.limits.put(null, { containers: 100 })
    await q.limits.put(TENANT, { containers: 2 })
    await q.limits.put(null, { containers: 50, pids: 9 })
    await q.limits.put(null, {})
  })
  const { limits } = store.read
  assert.deepEqual(
    await limits.ofTenants([TENANT]),
    new Map([[TENANT, { containers: 2, pids: null }]]),
  )
  assert.deepEqual(await limits.ofPlatform(), { containers: 50, pids: 9 })
  await store.write((q) => q.limits.removeAllOf(TENANT))
  assert.deepEqual(
    [await limits.ofTenants([TENANT]), await limits.ofTenants([])],
    [new Map(), new Map()],
  )
  await store.close()
})

test('a kind that only a later version knows is left alone', async () => {
  using at = scratch()
  const store = await openStore(at.url, MIGRATIONS)
  const client = createClient({ url: at.url })
  await client.execute(`INSERT INTO limits VALUES (NULL, 'holograms', 7), (NULL, 'pids', 3)`)
  client.close()
  assert.deepEqual(await store.read.limits.ofPlatform(), { pids: 3 })
  await store.close()
})
