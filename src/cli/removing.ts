import type { Given } from './arguments.ts'
import type { Context } from './context.ts'
import type { ExitCode } from './exit.ts'

/** Removes what is named, one after the other, and shows the names; the first that is refused ends it. */
export async function removeEach(
  context: Context,
  { positionals }: Given,
  remove: (name: string) => Promise<unknown>,
): Promise<ExitCode> {
  // oxlint-disable-next-line no-await-in-loop -- in the order in which they were named
  for (const name of positionals) await remove(name)
  return context.show(positionals, () => positionals.map((name) => `${name}\n`).join(''))
}
