import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { getTableConfig } from 'drizzle-orm/sqlite-core'
import { z } from 'zod'
import { openStore } from '../../db/open.ts'
import * as audit from '../../db/schema-audit.ts'
import * as certificates from '../../db/schema-certificates.ts'
import * as firewalls from '../../db/schema-firewalls.ts'
import * as images from '../../db/schema-images.ts'
import * as secrets from '../../db/schema-secrets.ts'
import * as peerings from '../../db/schema-peerings.ts'
import * as people from '../../db/schema-people.ts'
import * as platform from '../../db/schema-platform.ts'
import * as publicCertificates from '../../db/schema-public-certificates.ts'
import * as tenantCertificates from '../../db/schema-tenant-certificates.ts'
import * as routes from '../../db/schema-routes.ts'
import * as schema from '../../db/schema.ts'
import { strictMigration } from '../../db/strict.ts'

const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url))

async function database() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-db-'))
  const url = `file:${join(folder, 'test.db')}`
  const store = await openStore(url, MIGRATIONS)
  const client = createClient({ url })
  return {
    store,
    run: (sql: string) => client.execute(sql),
    async [Symbol.asyncDispose]() {
      client.close()
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

const ID = '0000000000000001'
const TENANT = `INSERT INTO tenants (id, slug, policy, created_at) VALUES`

test('every table is STRICT, and says in its own words what its columns may hold', async () => {
  await using db = await database()
  const { rows } = await db.run(
    `SELECT name, sql FROM sqlite_schema
     WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '__drizzle%'`,
  )
  assert.ok(rows.length >= 11)
  for (const { sql } of z.array(z.looseObject({ sql: z.string() })).parse(rows)) {
    assert.match(sql, /\) STRICT$/)
    assert.match(sql, /CHECK ?\(/)
  }
})

test('the database itself refuses what no row may hold', async () => {
  await using db = await database()
  await db.run(`${TENANT} ('${ID}', 'aa', 'baseline', 5)`)
  const refused: Record<string, string> = {
    'a slug in use': `${TENANT} ('0000000000000002', 'aa', 'baseline', 5)`,
    'an id that is too short': `${TENANT} ('2', 'bb', 'baseline', 5)`,
    'a slug that is too long': `${TENANT} ('0000000000000002', '${'b'.repeat(33)}', 'baseline', 5)`,
    'a policy that is none': `${TENANT} ('0000000000000002', 'bb', 'lax', 5)`,
    'a time before 1970': `${TENANT} ('0000000000000002', 'bb', 'baseline', -1)`,
    'a time that is text': `${TENANT} ('0000000000000002', 'bb', 'baseline', 'now')`,
    'a time with a fraction': `${TENANT} ('0000000000000002', 'bb', 'baseline', 1.5)`,
    'a limit beyond counting': `INSERT INTO limits VALUES ('${ID}', 'memoryBytes', 9007199254740992)`,
    'a network of no tenant': `INSERT INTO names VALUES ('0000000000000009', 'n', 'container', '${ID}')`,
  }
  for (const [what, sql] of Object.entries(refused)) {
    await assert.rejects(
      db.run(`PRAGMA foreign_keys = ON`).then(() => db.run(sql)),
      /SQLITE_CONSTRAINT/,
      what,
    )
  }
  await db.run(`UPDATE tenants SET deleted_at = 6`)
  await db.run(`${TENANT} ('0000000000000002', 'aa', 'baseline', 7)`)
})

const Columns = z.array(z.looseObject({ name: z.string(), notnull: z.int() }))

test('the migrations make the very tables and columns that the code works with', async () => {
  await using db = await database()
  for (const table of Object.values({
    ...schema,
    ...audit,
    ...certificates,
    ...publicCertificates,
    ...tenantCertificates,
    ...firewalls,
    ...images,
    ...secrets,
    ...peerings,
    ...people,
    ...platform,
    ...routes,
  })) {
    const { name, columns } = getTableConfig(table)
    const { rows } = await db.run(`SELECT name, "notnull" FROM pragma_table_info('${name}')`)
    const made = Columns.parse(rows).map((column) => `${column.name} ${column.notnull}`)
    const wanted = columns.map((column) => `${column.name} ${column.notNull ? 1 : 0}`)
    assert.deepEqual(made.toSorted(), wanted.toSorted(), `${name}: run \`npm run db:generate\``)
  }
})

test('strictMigration() changes a migration once, and only its tables', () => {
  const migration =
    'CREATE TABLE `__new_tenants` (\n\t`id` text\n);\n--> statement-breakpoint\nCREATE INDEX `x` ON `y` (`z`);'
  const strict = strictMigration(migration)
  assert.match(
    strict,
    /^CREATE TABLE `__new_tenants` \(\n\t`id` text,\n\tCHECK \(length\(`id`\) = 16\)/,
  )
  assert.match(strict, /\n\) STRICT;\n--> statement-breakpoint\nCREATE INDEX/)
  assert.equal(strictMigration(strict), strict)
  assert.throws(() => strictMigration('CREATE TABLE `nowhere` (\n\t`id` text\n);'), /"nowhere"/)
})
