/** What a token that the platform makes itself says. */
export interface TokenClaims {
  readonly accessKeyId: string
  readonly version: number
  readonly jti: string
  readonly issuedAt: Date
  readonly expiresAt: Date | null
  readonly scope?: readonly string[] | undefined
}

/** Signs and verifies; what a token is worth is judged in `core/token.ts`. */
export interface Tokens {
  sign(claims: TokenClaims, secret: string): Promise<string>
  /** Whether the signature is that of the secret, by HMAC with SHA-256 and nothing else. */
  isSigned(token: string, secret: string): Promise<boolean>
}
