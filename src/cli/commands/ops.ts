import { isOver, operationError } from '../../client/operation.ts'
import {
  cancelOperation,
  findOperation,
  getOperation,
  listAllOperations,
  listOperations,
  OPERATION_STATES,
  type Operation,
} from '../../contract/operations.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { fields } from '../table.ts'
import { ageText, wholeOf } from '../units.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const HEAD = ['ID', 'KIND', 'TARGET', 'STATE', 'PROGRESS', 'AGE']

export const list: Work = async (context, given) => {
  const limit = wholeOf(given.text('limit') ?? '100', '--limit')
  const state = oneOf(OPERATION_STATES, given.text('state'), '--state')
  const query = { limit, ...(state === null ? {} : { state }) }
  if (given.has('admin')) return listAll(context, given, query)
  const [api, tenant] = [await context.api(), await context.tenant()]
  if (given.text('kind') !== null) throw usageError('--kind is for --admin')
  const page = await api.call(listOperations, { params: { tenant }, query })
  const rows = page.items.map((operation) => rowOf(context, operation))
  return context.show(page, () => context.table(HEAD, rows))
}

type Query = { readonly limit: number; readonly state?: Operation['state'] }

/** Of all tenants, or of one that may be gone. */
async function listAll(context: Context, given: Given, query: Query) {
  const [slug, kind] = [given.text('tenant'), given.text('kind')]
  const asked = { ...query, ...(slug !== null && { slug }), ...(kind !== null && { kind }) }
  const page = await (await context.api()).call(listAllOperations, { query: asked })
  const rows = page.items.map((one) => [one.tenant ?? '-', ...rowOf(context, one)])
  return context.show(page, () => context.table(['TENANT', ...HEAD], rows))
}

const rowOf = ({ world }: Context, operation: Operation): readonly string[] => [
  operation.id,
  operation.kind,
  operation.target.name,
  operation.state,
  isOver(operation) ? '-' : `${operation.progress} %`,
  ageText(operation.createdAt, world.now()),
]

export const showOne: Work = async (context, given) =>
  shown(context, (await named(context, given)).operation)

export const wait: Work = async (context, given) => {
  const found = await named(context, given)
  return shown(context, await succeeded(context, { ...found, timeoutMs: timeoutMs(given) }))
}

export const cancel: Work = async (context, given) => {
  const api = await context.api()
  const params = { tenant: await context.tenant(), operation: given.word(0) }
  return shown(context, await api.call(cancelOperation, { params }))
}

/** Asked of the tenant, or with --admin of the platform. */
async function named(context: Context, given: Given) {
  const [api, id] = [await context.api(), given.word(0)]
  if (given.has('admin')) {
    const operation = await api.call(findOperation, { params: { operation: id } })
    return { tenant: null, operation }
  }
  const tenant = await context.tenant()
  const operation = await api.call(getOperation, { params: { tenant, operation: id } })
  return { tenant, operation }
}

function shown(context: Context, operation: Operation) {
  const { id, kind, target, state, step, progress, createdAt, updatedAt } = operation
  const isFailed = isOver(operation) && state !== 'succeeded'
  return context.show(operation, () =>
    fields([
      ['Operation', id],
      ['Kind', kind],
      ['Target', `${target.kind} ${target.name} (${target.id})`],
      ['State', state],
      ['Progress', step === null ? `${progress} %` : `${progress} %, ${step}`],
      ['Created', createdAt],
      ['Updated', updatedAt],
      ...(isFailed ? [['Error', operationError(operation).message] as const] : []),
    ]),
  )
}
