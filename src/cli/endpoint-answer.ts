import { isRecord } from '../client/api-error.ts'
import type { Call } from '../client/request.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Context } from './context.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { fields } from './table.ts'

/** Calls an endpoint and shows what it answers: a stream line by line, a list as a table, the rest by field. */
export async function answerOf(
  context: Context,
  endpoint: Endpoint,
  callOf: () => Promise<Call>,
): Promise<ExitCode> {
  const api = await context.api()
  const call = await callOf()
  if (endpoint.kind === 'stream') {
    for await (const value of api.receive(endpoint, call))
      await context.print(JSON.stringify(value))
    return EXIT.ok
  }
  const answer = await api.send(endpoint, call)
  await context.show(answer, () => textOf(context, answer))
  return isUnfinished(endpoint, call, answer) ? EXIT.unfinished : EXIT.ok
}

/** Who asked to wait and got an operation that still goes on is told by the exit code. */
function isUnfinished({ kind }: Endpoint, { query }: Call, answer: unknown): boolean {
  if (kind !== 'change' || query?.['wait'] === undefined || !isRecord(answer)) return false
  const { operation } = answer
  const state = isRecord(operation) ? operation['state'] : undefined
  return state === 'pending' || state === 'running'
}

function textOf(context: Context, answer: unknown): string {
  if (!isRecord(answer)) return `${JSON.stringify(answer)}\n`
  const { items } = answer
  if (Array.isArray(items)) return listText(context, items.filter(isRecord))
  return fields(Object.entries(answer).map(([key, value]) => [key, plain(value)]))
}

/** Only what fits a cell: `--json` has the rest. */
function listText(context: Context, items: readonly Record<string, unknown>[]): string {
  const keys = Object.keys(items[0] ?? {}).filter((key) => typeof items[0]?.[key] !== 'object')
  const rows = items.map((item) => keys.map((key) => plain(item[key])))
  return items.length === 0
    ? ''
    : context.table(
        keys.map((key) => key.toUpperCase()),
        rows,
      )
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '-'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
