/** A permission is `<kind>:<verb>`. `read` looks, `write` changes, `exec` enters. */
export const KINDS = [
  'audit',
  'containers',
  'events',
  'images',
  'keys',
  'networks',
  'operations',
  'platform',
  'registries',
  'tenants',
  'usage',
] as const
export type PermissionKind = (typeof KINDS)[number]
export const VERBS = ['read', 'write'] as const
export type Permission = `${PermissionKind}:${(typeof VERBS)[number]}`

export const ALL_PERMISSIONS: readonly Permission[] = KINDS.flatMap((kind) =>
  VERBS.map((verb): Permission => `${kind}:${verb}`),
)

const READ = ALL_PERMISSIONS.filter((permission) => permission.endsWith(':read'))

/**
 * Named sets. `admin` is all of a tenant (of the platform, for a key without tenant); `operator` runs
 * things and looks, but makes no keys; `member` works with containers; `read` looks.
 */
export const ROLES = {
  admin: ALL_PERMISSIONS,
  operator: [...READ, 'containers:write', 'images:write', 'operations:write', 'registries:write'],
  member: [
    'containers:read',
    'containers:write',
    'events:read',
    'images:read',
    'networks:read',
    'operations:read',
    'operations:write',
    'usage:read',
  ],
  read: READ,
} as const satisfies Record<string, readonly Permission[]>
export type Role = keyof typeof ROLES
export const ROLE_NAMES = ['admin', 'operator', 'member', 'read'] as const satisfies readonly Role[]

/** What a key may do: its role, narrowed by a scope if there is one. A scope never adds. */
export function permissionsOf(role: Role, scope?: readonly string[]): readonly Permission[] {
  const granted: readonly Permission[] = ROLES[role]
  return scope === undefined ? granted : granted.filter((one) => scope.includes(one))
}
