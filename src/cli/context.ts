import type { Client } from '../client/client.ts'
import { type Given } from './arguments.ts'
import { EXIT, type ExitCode, usageError } from './exit.ts'
import type { Session } from './session.ts'
import type { Settings } from './settings.ts'
import { type Cell, type Shown, table } from './table.ts'
import type { World } from './world.ts'

/** What every command is handed: the world, and the ways to ask the platform and to answer the user. */
export interface Context {
  readonly world: World
  readonly settings: Settings
  readonly json: boolean
  /** Where to go and with which key, found when it is first asked for. */
  session(): Promise<Session>
  api(): Promise<Client>
  tenant(): Promise<string>
  print(line: string): Promise<void>
  /** For people, beside the answer: on stderr. */
  note(line: string): Promise<void>
  /** A document for programs, or the text for people. */
  show(value: unknown, text: () => string): Promise<ExitCode>
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): string
}

interface ContextDeps {
  readonly world: World
  readonly settings: Settings
  readonly given: Given
}

export function contextOf({ world, settings, given }: ContextDeps): Context {
  const json = given.has('json')
  const { stdout, stderr } = world
  const shown: Shown = {
    columns: stdout.isTty ? Math.max(40, stdout.columns) : null,
    color: stdout.isTty && settings.color,
  }
  let opened: Promise<Session> | null = null

  // Loaded on demand, because the contract's schemas cost more time than `cloudlet version` takes.
  const session = (): Promise<Session> =>
    (opened ??= import('./session.ts').then(({ openSession }) =>
      openSession({
        world,
        settings,
        profile: given.text('profile'),
        endpoint: given.text('endpoint'),
        tenant: given.text('tenant'),
      }),
    ))

  return {
    world,
    settings,
    json,
    session,
    api: async () => (await session()).api,
    tenant: async () => {
      const tenant = await (await session()).tenant()
      if (tenant !== null) return tenant
      throw usageError(
        'Cannot tell the tenant: the key belongs to the platform',
        'Name one: --tenant <slug>, or keep one in the profile: cloudlet login --tenant <slug>',
      )
    },
    print: (line) => stdout.write(`${line}\n`),
    note: (line) => stderr.write(`${line}\n`),
    show: async (value, text) => {
      await stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text())
      return EXIT.ok
    },
    table: (head, rows) => table(head, rows, shown),
  }
}
