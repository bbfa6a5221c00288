/** A permission is `<kind>:<verb>`. `read` looks, `write` changes. */
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
  'secrets',
  'tenants',
  'usage',
  'users',
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
  operator: [
    ...READ,
    'containers:write',
    'images:write',
    'networks:write',
    'operations:write',
    'registries:write',
    'secrets:write',
  ],
  member: [
    'containers:read',
    'containers:write',
    'events:read',
    'images:read',
    'networks:read',
    'operations:read',
    'operations:write',
    'secrets:read',
    'usage:read',
  ],
  read: READ,
} as const satisfies Record<string, readonly Permission[]>
export type Role = keyof typeof ROLES
export const ROLE_NAMES = ['admin', 'operator', 'member', 'read'] as const satisfies readonly Role[]

/** What a key was given: its role, and the actions to which it was narrowed, if it was. */
export interface Grant {
  readonly role: Role
  /** Permissions, and ids of single endpoints. */
  readonly actions: readonly string[] | null
}

export interface Powers {
  readonly permissions: readonly Permission[]
  readonly may: (action: { readonly id: string; readonly permission: string }) => boolean
}

/** What a grant allows, narrowed by the scope of a token if there is one. Neither ever adds. */
export function powersOf({ role, actions }: Grant, scope?: readonly string[]): Powers {
  const granted: readonly Permission[] = ROLES[role]
  const held = scope === undefined ? granted : granted.filter((one) => scope.includes(one))
  const permissions = actions === null ? held : held.filter((one) => actions.includes(one))
  const [whole, any, single] = [
    new Set<string>(permissions),
    new Set<string>(held),
    new Set(actions),
  ]
  return {
    permissions,
    may: ({ id, permission }) => whole.has(permission) || (any.has(permission) && single.has(id)),
  }
}
