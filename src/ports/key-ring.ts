import type { Signer } from './signer.ts'

/** Root keys of the platform: every secret is derived from one of them, and none is stored. */
export interface KeyRing {
  /** Number of the root key that new secrets are derived from. */
  readonly current: number
  /** The secret of an access key's version. Throws when the ring has no root key of that number. */
  secretOf(rootKey: number, keyId: string, version: number): string
  /** HMAC-SHA-256 in base64url under a key of one purpose; undefined when there is no such root key. */
  mac(rootKey: number, purpose: string, text: string): string | undefined
  /** Signs under a key of one purpose, derived from the current root key: the same in every life. */
  signer(purpose: string): Signer
  /** Encrypts for one purpose; what was sealed for another does not open. */
  seal(purpose: string, plain: string): string
  open(purpose: string, sealed: string): string
}
