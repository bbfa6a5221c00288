import { GLOBAL_OPTIONS, type Options } from './arguments.ts'
import { type Command, usageOf } from './command.ts'
import { COMMANDS } from './commands.ts'
import { fields } from './table.ts'

export function overview(): string {
  const commands = fields(COMMANDS.map(({ words, summary }) => [`  ${words.join(' ')}`, summary]))
  return [
    'Usage: cloudlet [options] <command>',
    '',
    'Commands:',
    commands,
    'Options of every command:',
    optionsHelp(GLOBAL_OPTIONS),
    'Every endpoint of the API is a command too: cloudlet help containers',
    'More about one: cloudlet help <command>',
    '',
  ].join('\n')
}

export function commandHelp(command: Command): string {
  const own = Object.keys(command.options).length > 0
  return [
    `${command.summary}.`,
    '',
    `Usage: ${usageOf(command)}`,
    '',
    ...(own ? ['Options:', optionsHelp(command.options)] : []),
    ...(command.notes === undefined ? [] : [command.notes, '']),
    'Options of every command:',
    optionsHelp(GLOBAL_OPTIONS),
  ].join('\n')
}

/** The commands of one group, e.g. all of `cloudlet tenant`. */
export function groupHelp(group: string, commands: readonly Command[]): string {
  const list = commands.map(({ words, takes, summary }): readonly [string, string] => [
    `  cloudlet ${words.join(' ')} ${takes}`.trimEnd(),
    summary,
  ])
  return [`Commands of "${group}":`, fields(list)].join('\n')
}

function optionsHelp(options: Options): string {
  return fields(
    Object.entries(options).map(([name, { short, value, summary, multiple }]) => [
      `  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`,
      [summary, multiple === true ? 'can be repeated' : ''].filter((one) => one !== '').join('; '),
    ]),
  )
}
