import { index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** Which requests of which hosts go to which apps. */
export const routes = sqliteTable(
  'routes',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    /** Hosts, match, targets and policy; of passwords their hashes. */
    specJson: text('spec_json').notNull(),
    generation: integer('generation').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [uniqueIndex('routes_by_name').on(t.tenantId, t.name)],
)

/** Names of the world that tenants say are theirs; each is of one tenant at most. */
export const domains = sqliteTable(
  'domains',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull().unique(),
    /** 1: what is below it is covered, too. */
    subdomains: integer('subdomains').notNull(),
    /** What its owner shows to prove it. */
    token: text('token').notNull(),
    proof: text('proof', { enum: ['dns', 'http'] }),
    provedAt: integer('proved_at'),
    /** When a claim lapses that was not proved. */
    expiresAt: integer('expires_at'),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [index('domains_by_tenant').on(t.tenantId)],
)
