import { isOver, operationError } from '../../client/operation.ts'
import {
  cancelOperation,
  getOperation,
  listOperations,
  type Operation,
} from '../../contract/operations.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { fields } from '../table.ts'
import { ageText, wholeOf } from '../units.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const HEAD = ['ID', 'KIND', 'TARGET', 'STATE', 'PROGRESS', 'AGE']

export const list: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const limit = wholeOf(given.text('limit') ?? '100', '--limit')
  const page = await api.call(listOperations, { params: { tenant }, query: { limit } })
  const rows = page.items.map((operation) => [
    operation.id,
    operation.kind,
    operation.target.name,
    operation.state,
    isOver(operation) ? '-' : `${operation.progress} %`,
    ageText(operation.createdAt, context.world.now()),
  ])
  return context.show(page, () => context.table(HEAD, rows))
}

export const showOne: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(getOperation, { params: await named(context, given) }))
}

export const wait: Work = async (context, given) => {
  const api = await context.api()
  const params = await named(context, given)
  const operation = await api.call(getOperation, { params })
  const awaited = { tenant: params.tenant, operation, timeoutMs: timeoutMs(given) }
  return shown(context, await succeeded(context, awaited))
}

export const cancel: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(cancelOperation, { params: await named(context, given) }))
}

async function named(context: Context, given: Given) {
  return { tenant: await context.tenant(), operation: given.word(0) }
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
