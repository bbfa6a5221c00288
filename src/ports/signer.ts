/** Signs for one purpose (Ed25519): whoever has the public key can check, and make nothing. */
export interface Signer {
  /** The 32 bytes of RFC 8032, in base64url. */
  readonly publicKey: string
  /** In base64url. */
  sign(text: string): string
}
