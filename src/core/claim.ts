/**
 * A request that is carried out once, however often it is sent (Idempotency-Key). Whoever writes its
 * intent writes the claim in the same transaction, so that a repeat finds both or neither.
 */
export interface Claim {
  /** Id of the key's tenant, or `platform`: the same key of another tenant is another claim. */
  readonly scope: string
  readonly key: string
  /** Id of the access key or the person that asks. */
  readonly askedBy: string
  /** Keyed digest of what is asked: the same key with anything else is a mistake. */
  readonly fingerprint: string
  /** The answer as it will be sent, encrypted; null: it is too long to be kept. */
  seal(status: number, output: unknown): string | null
}
