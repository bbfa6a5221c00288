import { sql } from 'drizzle-orm'
import { check, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Certificates of TLS with their keys, which are sealed for the subject that they stand for. */
export const certificates = sqliteTable(
  'certificates',
  {
    /** `authority`: signs the others; `api`: stands for the API; `tenant:<slug>`: for all apps of that tenant; `host:<name>`. */
    subject: text('subject').primaryKey(),
    /** A list of names; none of the authority. */
    namesJson: text('names_json').notNull(),
    /** PEM, from the leaf up. */
    certificate: text('certificate').notNull(),
    sealedKey: text('sealed_key').notNull(),
    notBefore: integer('not_before').notNull(),
    notAfter: integer('not_after').notNull(),
  },
  () => [
    check(
      'subject_is_known',
      sql`subject IN ('authority', 'api') OR subject GLOB 'tenant:?*' OR subject GLOB 'host:?*'`,
    ),
  ],
)
