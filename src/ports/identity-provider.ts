/** What begins a sign-in, and must be the same at its end. */
export interface SignInCheck {
  readonly state: string
  readonly nonce: string
  /** Of PKCE (RFC 7636). */
  readonly verifier: string
}

/** Who somebody is, as the provider has signed it. */
export interface Identity {
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  /** Whether the provider has seen to it that the address is theirs. */
  readonly isEmailVerified: boolean
  readonly name: string | null
  readonly groups: readonly string[]
}

/** The provider said no, or what it said does not hold. The message is for the log. */
export class IdentityRefused extends Error {
  override readonly name = 'IdentityRefused'
}

/** The provider cannot be asked at the moment. */
export class IdentityAway extends Error {
  override readonly name = 'IdentityAway'
}

/** OpenID Connect, authorization code with PKCE. Both calls have a deadline of their own. */
export interface IdentityProvider {
  /** Where to send the browser. */
  authorizationUrl(check: SignInCheck): Promise<URL>
  /** Makes an identity of the address that the browser came back to. */
  identityOf(callback: URL, check: SignInCheck): Promise<Identity>
}
