/** Names that are the platform's own, for tenants as for what they run. */
const RESERVED: ReadonlySet<string> = new Set([
  'all',
  'api',
  'console',
  'internal',
  'localhost',
  'platform',
  'www',
])

export const isReservedName = (name: string): boolean => name.startsWith('_') || RESERVED.has(name)
