import type { Permission, Role } from './permissions.ts'

/** Who asks, once the token has been believed. */
export interface Caller {
  readonly keyId: string
  /** null: a key of the platform. */
  readonly tenant: { readonly id: string; readonly slug: string } | null
  readonly role: Role
  readonly permissions: readonly Permission[]
  can(permission: Permission): boolean
  /** Aborted when the key is revoked, rotated or over: whatever it had opened ends with it. */
  readonly ended: AbortSignal
}
