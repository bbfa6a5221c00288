import type { Permission, Role } from './permissions.ts'
import type { Reach } from './reach.ts'

/** Who it is: an access key, or a person in a session of theirs. */
export type Principal =
  | { readonly kind: 'key'; readonly id: string }
  | {
      readonly kind: 'person'
      readonly id: string
      readonly email: string
      readonly sessionId: string
    }

/** What is asked for, as far as permissions go. */
export interface Action {
  /** Of the endpoint. */
  readonly id: string
  readonly permission: string
}

export interface Credential {
  readonly id: string
  readonly version: number
  /** Milliseconds since 1970; null: until it is revoked. */
  readonly expiresAt: number | null
}

/** Who asks, once the token has been believed. */
export interface Caller {
  readonly principal: Principal
  /** null: of the platform. */
  readonly tenant: { readonly id: string; readonly slug: string } | null
  readonly role: Role
  /** What may be done with everything of its kind, and so may be handed on. */
  readonly permissions: readonly Permission[]
  /** Null, or the actions to which a key was narrowed: permissions and single endpoints. */
  readonly actions: readonly string[] | null
  /** null: everything of its tenant. */
  readonly reach: Reach | null
  readonly may: (action: Action) => boolean
  /** The very key, or session of a person, that signed the token. */
  readonly credential: Credential
  /** Aborted when key or session has ended: whatever it had opened ends with it. */
  readonly ended: AbortSignal
}

/** As it stands in the audit log. */
export const principalName = (principal: Principal): string =>
  principal.kind === 'key' ? `key:${principal.id}` : `person:${principal.email}`

export const keyIdOf = (principal: Principal): string | null =>
  principal.kind === 'key' ? principal.id : null
