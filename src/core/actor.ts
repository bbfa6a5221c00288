import type { Claim } from './claim.ts'
import type { Precondition } from './precondition.ts'

/** Who asks, and in which request: what an audit entry says of its origin. */
export interface Actor {
  /** `key:<id>`, `person:<e-mail>`, `anonymous`, or `platform` for what the platform does by itself. */
  readonly name: string
  readonly keyId: string | null
  readonly requestId: string
  readonly sourceAddress: string
  /** The request is to be carried out once, however often it is sent. */
  readonly claim?: Claim | undefined
  /** What must still be so of what is to be changed. */
  readonly precondition?: Precondition | undefined
}

export const PLATFORM: Actor = {
  name: 'platform',
  keyId: null,
  requestId: '-',
  sourceAddress: '-',
}
