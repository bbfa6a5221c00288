import type { Challenge } from '../../proxy/core/challenges.ts'
import type { KeyPair } from './certificate-authority.ts'

/** How it is shown that a host is ours (RFC 8555 §8.3, RFC 8737). */
export type ProofMethod = Challenge['kind']

/** A certificate that is asked for, as far as that has come. It holds keys, and is sealed between two steps. */
export interface PublicOrder {
  readonly host: string
  /** Of the order, at the authority. */
  readonly url: string
  /** Key of the certificate to be, PKCS #8. */
  readonly key: string
  /** What has to be shown; null: the authority knows already that the host is ours. */
  readonly challenge: Challenge | null
  /** Where the authority is told that it is shown. */
  readonly challengeUrl: string
}

export interface Refusal {
  readonly kind: 'refused'
  /** What the authority says, for people. */
  readonly reason: string
  /** It has had enough of us, not of this host alone. */
  readonly isRateLimited: boolean
  /** It wants to hear nothing before that. */
  readonly retryAfterMs: number
}

export type Begun = { readonly kind: 'begun'; readonly order: PublicOrder } | Refusal
export type Progress =
  | { readonly kind: 'issued'; readonly made: KeyPair }
  | { readonly kind: 'waiting' }
  | Refusal

export interface Asked {
  readonly host: string
  /** The other is taken where the authority does not offer it. */
  readonly method: ProofMethod
  /** Milliseconds since 1970. */
  readonly at: number
}

/** An authority that browsers trust by themselves, and that wants to see that a host is ours (RFC 8555). */
export interface PublicAuthority {
  /** A key by which the authority is to know us from now on, PKCS #8. */
  newAccount(): Promise<string>
  begin(account: string, asked: Asked): Promise<Begun>
  /** Whatever can be done next, for some seconds. May be repeated at any point, also by a later life. */
  advance(account: string, order: PublicOrder): Promise<Progress>
}
