/** Which value is meant: one that is copied to another place does not open there. */
export interface SecretPlace {
  readonly tenantId: string
  readonly secretId: string
  readonly version: number
}

/** A value as it is stored: encrypted with a key of its own, which is itself encrypted (wrapped). */
export interface Sealed {
  readonly sealedValue: string
  readonly wrappedKey: string
  /** Number of the wrapping key. */
  readonly wrapKey: number
}

/** Encrypts the values of secrets. Its keys are a line of their own: no access key depends on them. */
export interface Vault {
  /** Number of the wrapping key that is used from now on. */
  readonly wrapKey: number
  seal(place: SecretPlace, value: Uint8Array): Sealed
  open(place: SecretPlace, sealed: Sealed): Uint8Array
  /** Wraps the key of a value anew; the value itself stays as it is. */
  rewrap(place: SecretPlace, sealed: Sealed): Sealed
  /** Makes a new wrapping key the current one, once it is safe on disk. Older ones still open. */
  rotate(): Promise<void>
}
