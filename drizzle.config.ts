import { defineConfig } from 'drizzle-kit'

// oxlint-disable-next-line import/no-default-export -- drizzle-kit looks for a default export
export default defineConfig({
  dialect: 'sqlite',
  schema: [
    './db/schema.ts',
    './db/schema-audit.ts',
    './db/schema-certificates.ts',
    './db/schema-firewalls.ts',
    './db/schema-images.ts',
    './db/schema-peerings.ts',
    './db/schema-people.ts',
    './db/schema-platform.ts',
    './db/schema-public-certificates.ts',
    './db/schema-tenant-certificates.ts',
    './db/schema-routes.ts',
    './db/schema-secrets.ts',
  ],
  out: './db/migrations',
})
