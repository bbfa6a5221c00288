import type { Work } from '../command.ts'
import { EXIT } from '../exit.ts'

/** The platform's own exit code says no more to a script than that it did not go well. */
export const up: Work = async ({ world }) =>
  (await world.runHere('main')) === 0 ? EXIT.ok : EXIT.failed
