import type { Operation } from '../contract/operations.ts'

/** What a mutating call answers: the resource as it is, the operation, and a way to look again. */
export interface Change<R> {
  readonly operation: Operation
  readonly resource: R
  readonly fresh: () => Promise<R>
}

/** What a mutating call would have done: nothing was. */
export interface DryRun<R> {
  readonly operation: null
  readonly resource: R
}
