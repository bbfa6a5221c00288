import type { Work } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { oneOf } from '../choice.ts'
import { completionScript, SHELLS } from '../completion.ts'
import { endpointCommands } from '../endpoint-commands.ts'
import { EXIT, usageError } from '../exit.ts'

export const completion: Work = async ({ world }, given) => {
  const shell = oneOf(SHELLS, given.word(0), 'shell')
  if (shell === null) throw usageError('Missing <shell>')
  await world.stdout.write(completionScript(shell, [...COMMANDS, ...endpointCommands()]))
  return EXIT.ok
}
