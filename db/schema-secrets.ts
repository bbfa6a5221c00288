import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** Names of secrets; what they hold is in their versions. */
export const secrets = sqliteTable(
  'secrets',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    /** The newest, which is used where no other is named. */
    version: integer('version').notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [uniqueIndex('secrets_by_name').on(t.tenantId, t.name)],
)

export const secretVersions = sqliteTable(
  'secret_versions',
  {
    secretId: text('secret_id')
      .notNull()
      .references(() => secrets.id),
    version: integer('version').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** AES-256-GCM with a key of its own, which is kept here wrapped with the vault's key of that number. */
    sealedValue: text('sealed_value').notNull(),
    wrappedKey: text('wrapped_key').notNull(),
    wrapKey: integer('wrap_key').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('secret_versions_by_secret').on(t.secretId, t.version),
    index('secret_versions_by_wrap_key').on(t.wrapKey),
  ],
)
