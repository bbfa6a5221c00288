import { failure } from './failure.ts'

/** What the client believes it changes (If-Match). */
export interface Precondition {
  /** `current`: what is to be changed, as the API shows it. */
  holds(current: unknown): boolean
}

interface Changed {
  readonly kind: string
  readonly name: string
  readonly current: unknown
}

/**
 * Refuses to change what has changed since the client read it. Belongs into the transaction of the
 * change: between a check outside and the change there is room for another one.
 */
export function refuseStale(
  { precondition }: { readonly precondition?: Precondition | undefined },
  { kind, name, current }: Changed,
): void {
  if (precondition === undefined || precondition.holds(current)) return
  const message = `Cannot change ${kind} "${name}": it is not as it was when it was read`
  throw failure('precondition-failed', message, { kind, name })
}
