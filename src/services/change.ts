import type { Operation } from '../contract/operations.ts'

/** What a mutating call answers: the resource as it is, the operation, and a way to look again. */
export interface Change<R> {
  readonly operation: Operation
  readonly resource: R
  readonly fresh: () => Promise<R>
}
