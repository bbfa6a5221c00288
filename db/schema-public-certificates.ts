import { sql } from 'drizzle-orm'
import { check, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** How a public authority knows us: one key for each, sealed. */
export const acmeAccounts = sqliteTable(
  'acme_accounts',
  {
    /** Address of its directory. */
    directory: text('directory').primaryKey(),
    sealedKey: text('sealed_key').notNull(),
  },
  () => [check('directory_is_secure', sql`directory GLOB 'https://?*'`)],
)

/** Hosts with a certificate of a public authority, or on the way to one. */
export const publicCertificates = sqliteTable(
  'public_certificates',
  {
    host: text('host').primaryKey(),
    /** PEM, from the leaf up; all four are null until there is one. */
    certificate: text('certificate'),
    sealedKey: text('sealed_key'),
    notBefore: integer('not_before'),
    notAfter: integer('not_after'),
    /** What has been begun, sealed: it holds the key to be. */
    sealedOrder: text('sealed_order'),
    orderedAt: integer('ordered_at'),
    /** On end. */
    failures: integer('failures').notNull(),
    /** Nothing is asked before that. */
    nextAt: integer('next_at').notNull(),
  },
  () => [
    check(
      'certificate_is_whole',
      sql`(certificate IS NULL) = (sealed_key IS NULL) AND (certificate IS NULL) = (not_before IS NULL) AND (certificate IS NULL) = (not_after IS NULL)`,
    ),
    check('order_has_a_time', sql`(sealed_order IS NULL) = (ordered_at IS NULL)`),
  ],
)
