import type { Work } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { EXIT, usageError } from '../exit.ts'
import { commandHelp, groupHelp, overview } from '../help.ts'
import { didYouMean } from '../suggestion.ts'

export const help: Work = async ({ world }, { positionals }) => {
  if (positionals.length === 0) {
    await world.stdout.write(overview())
    return EXIT.ok
  }
  const { endpointCommands } = await import('../endpoint-commands.ts')
  const all = [...COMMANDS, ...endpointCommands()]
  const asked = positionals.join(' ')
  const group = all.filter(({ words }) => words.length === 2 && words[0] === asked)
  const exact = all.find(({ words }) => words.join(' ') === asked)
  if (exact === undefined && group.length === 0) {
    const known = all.map(({ words }) => words.join(' '))
    throw usageError(`There is no command "${asked}"${didYouMean(asked, known)}`)
  }
  const parts = [
    ...(exact === undefined ? [] : [commandHelp(exact)]),
    ...(group.length === 0 ? [] : [groupHelp(asked, group)]),
  ]
  await world.stdout.write(parts.join('\n'))
  return EXIT.ok
}
