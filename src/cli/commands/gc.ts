import { collectOrphans, listOrphans, type Orphan } from '../../contract/orphans.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'

const HEAD = ['WHAT', 'KIND', 'NAME', 'CREATED', 'FIRST SEEN']
/** An engine removes some in a second. */
const TIMEOUT_MS = 5 * 60_000

export const gc: Work = (context, given) =>
  given.has('dry-run') ? look(context) : collect(context, given.has('release-brake'))

async function look(context: Context): Promise<ExitCode> {
  const found = await (await context.api()).call(listOrphans, {})
  if (found.safeMode)
    await context.note(`In safe mode (${found.safeMode.reason}): nothing is removed`)
  if (found.braked) await context.note(BRAKED)
  return context.show(found, () =>
    context.table(HEAD, [...found.due.map(rowOf('due')), ...found.waiting.map(rowOf('waiting'))]),
  )
}

async function collect(context: Context, release: boolean): Promise<ExitCode> {
  const api = await context.api()
  const body = release ? { brake: 'release' as const } : {}
  const done = await api.call(collectOrphans, { body }, { timeoutMs: TIMEOUT_MS })
  if (done.braked) await context.note(BRAKED)
  await context.show(done, () => context.table(HEAD, done.removed.map(rowOf('removed'))))
  return done.braked ? EXIT.failed : EXIT.ok
}

const BRAKED =
  'They are so many that nothing is removed by itself: look with --dry-run, then give --release-brake'

const rowOf =
  (what: string) =>
  ({ kind, name, createdAt, firstSeenAt }: Orphan): string[] => [
    what,
    kind,
    name,
    createdAt,
    firstSeenAt,
  ]
