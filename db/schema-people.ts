import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** People who sign in with an identity provider; a row for each tenant that they belong to. */
export const people = sqliteTable(
  'people',
  {
    id: text('id').primaryKey(),
    /** null: of the platform. */
    tenantId: text('tenant_id').references(() => tenants.id),
    /** In small letters. */
    email: text('email').notNull(),
    displayName: text('display_name'),
    role: text('role', { enum: ['admin', 'operator', 'member', 'read'] }).notNull(),
    /** By whom the role is given: an admin, or a group of the identity provider at each sign-in. */
    source: text('source', { enum: ['invitation', 'group'] }).notNull(),
    /** Who it is for the provider; null until the first sign-in. */
    issuer: text('issuer'),
    subject: text('subject'),
    createdAt: integer('created_at').notNull(),
    disabledAt: integer('disabled_at'),
    lastSignInAt: integer('last_sign_in_at'),
  },
  (t) => [
    uniqueIndex('people_of_tenant').on(t.tenantId, t.email),
    uniqueIndex('people_of_platform')
      .on(t.email)
      .where(sql`tenant_id IS NULL`),
    index('people_by_subject').on(t.subject),
  ],
)

/** Sessions of people. Their tokens are made from the root key, as those of access keys are. */
export const signIns = sqliteTable(
  'sign_ins',
  {
    id: text('id').primaryKey(),
    personId: text('person_id')
      .notNull()
      .references(() => people.id),
    rootKey: integer('root_key').notNull(),
    address: text('address').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (t) => [index('sign_ins_by_person').on(t.personId)],
)
