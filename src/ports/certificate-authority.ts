/** A certificate with its private key, both PEM; the chain goes from the leaf up. */
export interface KeyPair {
  readonly chain: string
  /** PKCS #8. */
  readonly key: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Makes certificates. What is in force at once is dated back a little, for clocks that go behind. */
export interface CertificateAuthority {
  /** An authority of its own, which may sign certificates of hosts and nothing below. */
  create(commonName: string, at: Date): Promise<KeyPair>
  /** A certificate of these names (RFC 9525), signed by that authority. */
  issue(authority: KeyPair, names: readonly string[], at: Date): Promise<KeyPair>
}
