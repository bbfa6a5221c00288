import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { tenants } from './schema.ts'

/** Networks whose containers reach each other, and offers of that to another tenant. */
export const peerings = sqliteTable(
  'peerings',
  {
    id: text('id').primaryKey(),
    /** Who has made or offered it, and of which network. */
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    networkId: text('network_id').notNull(),
    /** Slug of whom it was offered to; there may be no such tenant. */
    peerSlug: text('peer_slug').notNull(),
    /** Both null: it was offered, and not accepted yet. */
    peerTenantId: text('peer_tenant_id').references(() => tenants.id),
    peerNetworkId: text('peer_network_id'),
    createdAt: integer('created_at').notNull(),
    /** Of an offer. */
    expiresAt: integer('expires_at'),
  },
  (t) => [
    index('peerings_by_tenant').on(t.tenantId),
    index('peerings_by_peer').on(t.peerTenantId),
    index('peerings_by_slug').on(t.peerSlug),
  ],
)
