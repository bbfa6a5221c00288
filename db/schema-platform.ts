import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Machines of which an operator has said what they may take. One without a row takes everything. */
export const nodes = sqliteTable('nodes', {
  id: text('id').primaryKey(),
  /** `cordoned`: nothing new; `drained`: nothing runs either. */
  scheduling: text('scheduling', { enum: ['open', 'cordoned', 'drained'] }).notNull(),
  /** Grows with every word of an operator; an operation names the one it stands for. */
  generation: integer('generation').notNull(),
  changedAt: integer('changed_at').notNull(),
})

/** What is nearly full, and has been told of: it is told once more when it no longer is. */
export const alarms = sqliteTable(
  'alarms',
  {
    kind: text('kind', {
      enum: ['container.memory', 'node.disk', 'node.memory', 'tenant.quota'],
    }).notNull(),
    /** null: the platform's own. Not a reference: the end of an alarm is told after that of its tenant. */
    tenantId: text('tenant_id'),
    targetId: text('target_id').notNull(),
    targetName: text('target_name').notNull(),
    /** Of several of one target: a kind of its quota, a disk. */
    part: text('part').notNull(),
    raisedAt: integer('raised_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.targetId, t.part] })],
)

/** What the platform itself remembers, a word or a number each. */
export const platformState = sqliteTable('platform_state', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})
