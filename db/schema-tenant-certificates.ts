import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** Certificates that tenants bring themselves. */
export const tenantCertificates = sqliteTable(
  'tenant_certificates',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    /** A list of host names, wildcards among them. */
    namesJson: text('names_json').notNull(),
    /** PEM, from the leaf up. */
    certificate: text('certificate').notNull(),
    sealedKey: text('sealed_key').notNull(),
    issuer: text('issuer').notNull(),
    sha256: text('sha256').notNull(),
    notBefore: integer('not_before').notNull(),
    notAfter: integer('not_after').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** When it was said that it ends soon. */
    warnedAt: integer('warned_at'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.name] })],
)
