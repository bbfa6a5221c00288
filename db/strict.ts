import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as audit from './schema-audit.ts'
import * as certificates from './schema-certificates.ts'
import * as firewalls from './schema-firewalls.ts'
import * as images from './schema-images.ts'
import * as secrets from './schema-secrets.ts'
import * as peerings from './schema-peerings.ts'
import * as people from './schema-people.ts'
import * as platform from './schema-platform.ts'
import * as publicCertificates from './schema-public-certificates.ts'
import * as tenantCertificates from './schema-tenant-certificates.ts'
import * as routes from './schema-routes.ts'
import * as schema from './schema.ts'
import { TRIGGERS } from './triggers.ts'

/**
 * What drizzle-kit cannot write: tables that are STRICT, CHECKs that hold what the schema says in
 * TypeScript only, and triggers. Runs once over a new migration, before anybody has applied it.
 */
export function strictMigration(migration: string): string {
  const strict = migration.replaceAll(
    /CREATE TABLE `(?:__new_)?(\w+)` \(\n([\s\S]*?)\n\);/g,
    (whole: string, table: string, columns: string) => {
      const lines = [columns, ...checksOf(table).map((check) => `\tCHECK (${check})`)]
      const head = whole.slice(0, whole.indexOf('(') + 1)
      return `${head}\n${lines.join(',\n')}\n) STRICT;`
    },
  )
  return withTriggers(strict)
}

/** Whatever makes a table that has triggers makes them too, at the end: they go with the old table. */
function withTriggers(migration: string): string {
  const missing = Object.entries(TRIGGERS)
    .filter(([table]) => new RegExp(`CREATE TABLE \`(?:__new_)?${table}\``).test(migration))
    .flatMap(([, triggers]) => triggers)
    .filter((trigger) => !migration.includes(trigger))
  return [migration.trimEnd(), ...missing].join('\n--> statement-breakpoint\n')
}

function checksOf(table: string): string[] {
  const found = Object.values({
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
  })
    .filter((value) => is(value, SQLiteTable))
    .map(getTableConfig)
    .find(({ name }) => name === table)
  if (!found) throw new Error(`Cannot find table "${table}" in the schema`)
  return found.columns.flatMap((column) => checkOf(table, column) ?? [])
}

/** JavaScript counts exactly up to here, and libSQL refuses to read what is larger. */
const LARGEST = Number.MAX_SAFE_INTEGER
/** An exit code is whatever 32 bits the engine reports; all other numbers are amounts and times. */
const SIGNED = new Set(['exit_code'])

function checkOf(table: string, column: SQLiteColumn): string | undefined {
  const name = `\`${column.name}\``
  if (column.enumValues) {
    return `${name} IN (${column.enumValues.map((value) => `'${value}'`).join(', ')})`
  }
  // STRICT sees to it that a column of integers holds nothing else.
  if (column.getSQLType() === 'integer') {
    return SIGNED.has(column.name)
      ? `${name} BETWEEN -2147483648 AND 2147483647`
      : `${name} BETWEEN 0 AND ${LARGEST}`
  }
  if (column.name.endsWith('_json')) return `json_valid(${name})`
  const length = lengthOf(table, column.name)
  return length && `length(${name}) ${length}`
}

const ID_LENGTH = '= 16'
/** `ck` and 16 characters. */
const ACCESS_KEY_ID_LENGTH = '= 18'
const LENGTHS: Readonly<Record<string, string>> = {
  id: ID_LENGTH,
  tenant_id: ID_LENGTH,
  network_id: ID_LENGTH,
  container_id: ID_LENGTH,
  resource_id: ID_LENGTH,
  target_id: ID_LENGTH,
  person_id: ID_LENGTH,
  key_id: ACCESS_KEY_ID_LENGTH,
  slug: 'BETWEEN 1 AND 32',
  chain: 'BETWEEN 8 AND 16',
  mac: '= 43',
  name: 'BETWEEN 1 AND 63',
}

/** Columns that hold another length than others of their name. */
const LENGTHS_OF: Readonly<Record<string, string>> = {
  'access_keys.id': ACCESS_KEY_ID_LENGTH,
  'alarms.target_id': 'BETWEEN 1 AND 64',
  // An event can be about anything that has an id.
  'events.target_id': 'BETWEEN 1 AND 64',
  'domains.name': 'BETWEEN 1 AND 253',
  'nodes.id': 'BETWEEN 1 AND 63',
  // An operation can be about a node, too.
  'operations.target_id': 'BETWEEN 1 AND 64',
  'platform_state.key': 'BETWEEN 1 AND 64',
}

const lengthOf = (table: string, column: string): string | undefined =>
  LENGTHS_OF[`${table}.${column}`] ?? LENGTHS[column]

function newestMigration(): string {
  const folder = new URL('./migrations/', import.meta.url)
  const journal: unknown = JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8'))
  const tags = [...JSON.stringify(journal).matchAll(/"tag":"([\w-]+)"/g)].map(([, tag]) => tag)
  const newest = tags.at(-1)
  if (newest === undefined) throw new Error('Cannot find a migration in the journal')
  return fileURLToPath(new URL(`${newest}.sql`, folder))
}

if (import.meta.main) {
  const path = newestMigration()
  writeFileSync(path, strictMigration(readFileSync(path, 'utf8')))
}
