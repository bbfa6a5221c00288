import { arity, type Command, usageOf } from './command.ts'
import { GLOBAL_OPTIONS, givenFrom } from './arguments.ts'
import { contextOf } from './context.ts'
import { EXIT, type ExitCode, usageError } from './exit.ts'
import { resolved } from './resolve.ts'
import { settingsFrom } from './settings.ts'
import type { World } from './world.ts'

/** Runs one command line and answers its exit code; whatever goes wrong has been said by then. */
export async function run(argv: readonly string[], world: World): Promise<ExitCode> {
  try {
    return await carriedOut(argv, world)
  } catch (error) {
    return failed(error, argv, world)
  }
}

async function carriedOut(argv: readonly string[], world: World): Promise<ExitCode> {
  const { command, rest } = await resolved(argv)
  const given = givenFrom(rest, { ...command.options, ...GLOBAL_OPTIONS })
  if (given.has('help')) {
    const { commandHelp } = await import('./help.ts')
    await world.stdout.write(commandHelp(command))
    return EXIT.ok
  }
  checkArity(command, given.positionals)
  const work = await command.work()
  return work(contextOf({ world, settings: settingsFrom(world), given }), given)
}

function checkArity(command: Command, positionals: readonly string[]): void {
  const { least, most } = arity(command.takes)
  const missing = command.takes.split(' ')[positionals.length]
  if (positionals.length < least) {
    throw usageError(`Missing ${missing ?? 'an argument'}`, `Usage: ${usageOf(command)}`)
  }
  if (positionals.length > most) {
    const unwanted = positionals[most] ?? ''
    throw usageError(`Unexpected "${unwanted}"`, `Usage: ${usageOf(command)}`)
  }
}

async function failed(error: unknown, argv: readonly string[], world: World): Promise<ExitCode> {
  const { failureText } = await import('./failure-text.ts')
  const interrupted = world.signal.aborted && error === world.signal.reason
  const { exitCode, lines } = failureText(error)
  if (interrupted) return EXIT.interrupted
  await world.stderr.write(`cloudlet: ${lines.join('\n')}\n`)
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
  if (own.includes('--verbose')) await world.stderr.write(details(error))
  return exitCode
}

/** For who looks for the reason: the request's id, and the chain of causes. */
function details(error: unknown): string {
  const lines: string[] = []
  const id = error instanceof Error && 'requestId' in error ? error.requestId : null
  if (typeof id === 'string') lines.push(`request ${id}`)
  for (let one = error; one instanceof Error && lines.length < 20; one = one.cause) {
    lines.push(one.stack ?? one.message)
  }
  return `${lines.join('\n')}\n`
}
