import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Machines of which an operator has said what they may take. One without a row takes everything. */
export const nodes = sqliteTable('nodes', {
  id: text('id').primaryKey(),
  /** `cordoned`: nothing new; `drained`: nothing runs either. */
  scheduling: text('scheduling', { enum: ['open', 'cordoned', 'drained'] }).notNull(),
  /** Grows with every word of an operator; an operation names the one it stands for. */
  generation: integer('generation').notNull(),
  changedAt: integer('changed_at').notNull(),
})

/** What the platform itself remembers, a word or a number each. */
export const platformState = sqliteTable('platform_state', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})
