import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** Security groups. Which containers carry one stands in their specs. */
export const firewalls = sqliteTable(
  'firewalls',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    /** A list of rules, or null where it does not guard that. */
    ingressJson: text('ingress_json').notNull(),
    egressJson: text('egress_json').notNull(),
    labelsJson: text('labels_json').notNull(),
    generation: integer('generation').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [uniqueIndex('firewalls_by_name').on(t.tenantId, t.name)],
)
