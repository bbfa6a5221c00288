import type { Work } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'

/** There is no way back, so a person is asked, and a script has to say that it means it. */
export const uninstall: Work = async ({ world }, given) => {
  if (!given.has('yes')) {
    if (!world.stdin.isTty) throw usageError('Add --yes to remove the platform and its data')
    const answer = await world.stdin.ask(
      'Remove the platform, its containers and all its data? [y/N] ',
    )
    if (!/^y(es)?$/i.test(answer.trim())) return EXIT.ok
  }
  return (await world.runHere('uninstall')) === 0 ? EXIT.ok : EXIT.failed
}
