import type { Work } from '../command.ts'
import { EXIT, usageError } from '../exit.ts'

/** What has changed since the backup is out of the platform's sight afterwards, so a person is asked. */
export const restore: Work = async ({ world }, given) => {
  if (!given.has('yes')) {
    if (!world.stdin.isTty) throw usageError('Add --yes to put the backup in place of the database')
    const answer = await world.stdin.ask('Put this backup in the place of the database? [y/N] ')
    if (!/^y(es)?$/i.test(answer.trim())) return EXIT.ok
  }
  return (await world.runHere('restore', given.word(0))) === 0 ? EXIT.ok : EXIT.failed
}
