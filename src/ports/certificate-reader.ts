/** What somebody brings: PEM, the chain from the leaf up. */
export interface Brought {
  readonly chain: string
  readonly key: string
}

/** What is in it, as far as it matters. */
export interface CertificateFacts {
  readonly kind: 'facts'
  /** DNS names, in lower case. */
  readonly names: readonly string[]
  readonly issuer: string
  /** Fingerprint of the leaf. */
  readonly sha256: string
  readonly notBefore: number
  readonly notAfter: number
}

export interface CertificateFlaw {
  readonly kind: 'flaw'
  readonly field: 'chain' | 'key'
  /** One sentence without a full stop. */
  readonly detail: string
}

/** Reads certificates, and says what is wrong with them as such: not whose names they have, nor whether they are in force. */
export interface CertificateReader {
  read(brought: Brought): CertificateFacts | CertificateFlaw
}
