/** Who asks, and in which request: what an audit entry says of its origin. */
export interface Actor {
  /** `key:<id>`, `anonymous`, or `platform` for what the platform does by itself. */
  readonly name: string
  readonly keyId: string | null
  readonly requestId: string
  readonly sourceAddress: string
}

export const PLATFORM: Actor = {
  name: 'platform',
  keyId: null,
  requestId: '-',
  sourceAddress: '-',
}
