/** A certificate with its private key, both PEM; the chain goes from the leaf up. */
export interface KeyPair {
  readonly chain: string
  /** PKCS #8. */
  readonly key: string
  /** Milliseconds since 1970. What is in force at once is dated back a little, for clocks that go behind. */
  readonly notBefore: number
  readonly notAfter: number
}

/** What an authority signs with. */
export type Authority = Pick<KeyPair, 'chain' | 'key'>

/** Makes certificates. */
export interface CertificateAuthority {
  /** An authority of its own, which may sign certificates of hosts and no further authorities. */
  create(commonName: string, at: number): Promise<KeyPair>
  /** A certificate for each list of names (RFC 9525), signed by that authority, in the same order. */
  issue(
    authority: Authority,
    hosts: readonly (readonly string[])[],
    at: number,
  ): Promise<readonly KeyPair[]>
}
