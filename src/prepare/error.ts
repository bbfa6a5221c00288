/** A reason not to start that the user can act on: one sentence, shown without a stack. */
export class PrepareError extends Error {
  override readonly name = 'PrepareError'
}
