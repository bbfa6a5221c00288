import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Entries of the audit log. Triggers hold that they are only ever added, and removed by retention alone. */
export const auditEntries = sqliteTable(
  'audit_entries',
  {
    /** Orders the entries of all chains as they were written. */
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** Id of the tenant, or `platform`. Not a reference: entries outlive whom they tell of. */
    chain: text('chain').notNull(),
    seq: integer('seq').notNull(),
    time: integer('time').notNull(),
    actor: text('actor').notNull(),
    keyId: text('key_id'),
    /** Slug as it was: the tenant may be gone when the entry is read. */
    tenant: text('tenant'),
    action: text('action').notNull(),
    target: text('target').notNull(),
    result: text('result').notNull(),
    status: integer('status').notNull(),
    requestId: text('request_id').notNull(),
    sourceAddress: text('source_address').notNull(),
    rootKey: integer('root_key').notNull(),
    /** HMAC-SHA-256 in base64url, over all of the above and the mac before it. */
    mac: text('mac').notNull(),
  },
  (t) => [uniqueIndex('audit_entries_by_chain').on(t.chain, t.seq)],
)

export const auditChains = sqliteTable('audit_chains', {
  chain: text('chain').primaryKey(),
  headSeq: integer('head_seq').notNull(),
  headMac: text('head_mac').notNull(),
  /** The checkpoint: the last entry that retention has removed, signed. 0 and empty before the first cut. */
  cutSeq: integer('cut_seq').notNull().default(0),
  cutMac: text('cut_mac').notNull().default(''),
  cutRootKey: integer('cut_root_key').notNull().default(0),
  cutSeal: text('cut_seal').notNull().default(''),
  /** Up to here the head has been said in the log of the process. */
  loggedSeq: integer('logged_seq').notNull().default(0),
})
