import { POLICIES } from '../../contract/containers.ts'
import type { Operation } from '../../contract/operations.ts'
import {
  createTenant,
  getTenant,
  listTenants,
  type Tenant,
  updateTenant,
} from '../../contract/tenants.ts'
import { deleteTenant, resumeTenant, suspendTenant } from '../../contract/tenant-life.ts'
import { RESOURCES } from '../../core/quota.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { amountText, limitsOf } from '../limits.ts'
import { allPages } from '../pages.ts'
import type { Cell } from '../table.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

export const create: Work = async (context, given) => {
  const api = await context.api()
  const body = { slug: given.word(0), ...changesOf(given) }
  return shown(context, await api.call(createTenant, { body }))
}

export const list: Work = async (context) => {
  const api = await context.api()
  const found = await allPages((query) => api.call(listTenants, { query }))
  return context.show(found, () => rows(context, found.items))
}

export const showOne: Work = async (context, given) => {
  const api = await context.api()
  const tenant = given.positionals[0] ?? (await context.tenant())
  return shown(context, await api.call(getTenant, { params: { tenant } }))
}

export const update: Work = async (context, given) => {
  const api = await context.api()
  const body = changesOf(given)
  if (Object.keys(body).length === 0)
    throw usageError('Nothing to change: give a limit or --policy')
  return shown(context, await api.call(updateTenant, { params: { tenant: given.word(0) }, body }))
}

export const suspend: Work = async (context, given) => {
  const api = await context.api()
  const params = { tenant: given.word(0) }
  const reason = given.text('reason')
  const body = reason === null ? {} : { reason }
  const { operation } = await api.call(suspendTenant, { params, body })
  await waited(context, given, operation)
  return shown(context, await api.call(getTenant, { params }))
}

export const resume: Work = async (context, given) => {
  const api = await context.api()
  const params = { tenant: given.word(0) }
  const { operation } = await api.call(resumeTenant, { params })
  await waited(context, given, operation)
  return shown(context, await api.call(getTenant, { params }))
}

export const remove: Work = async (context, given) => {
  const api = await context.api()
  const params = { tenant: given.word(0) }
  const dryRun = given.has('dry-run')
  const query = { cascade: String(given.has('cascade')), dryRun: String(dryRun) }
  const change = await api.call(deleteTenant, { params, query })
  const { resource } = change
  if (dryRun) {
    const cells = resource.removes.map(({ kind, count, names }) => [
      kind,
      String(count),
      names.length === 0 ? '-' : names.join(' '),
    ])
    return context.show(change, () => context.table(['KIND', 'COUNT', 'NAMES'], cells))
  }
  const operation = change.operation && (await waited(context, given, change.operation))
  return context.show({ resource, operation }, () => `${resource.tenant.slug}\n`)
}

/** Asked of the platform, where it can be seen also when the tenant is gone. */
const waited = (context: Context, given: Given, operation: Operation): Promise<Operation> =>
  succeeded(context, { tenant: null, operation, timeoutMs: timeoutMs(given) })

function shown(context: Context, tenant: Tenant) {
  return context.show(tenant, () => rows(context, [tenant]))
}

function rows(context: Context, tenants: readonly Tenant[]): string {
  return context.table(
    ['SLUG', 'CONTAINERS', 'CPU', 'MEMORY', 'POLICY', 'CREATED', 'STATE', 'OVER LIMIT'],
    tenants.map(({ slug, limits, policy, createdAt, state, suspension, overLimit }) => [
      slug,
      amountText('containers', limits.containers),
      amountText('cpuMilli', limits.cpuMilli),
      amountText('memoryBytes', limits.memoryBytes),
      policy,
      createdAt,
      stateCell(state, suspension?.reason ?? null),
      overLimit.length === 0
        ? '-'
        : { text: overLimit.map((one) => RESOURCES[one].label).join(', '), color: 'red' as const },
    ]),
  )
}

function stateCell(state: Tenant['state'], reason: string | null): Cell {
  if (state === 'active') return state
  return { text: reason === null ? state : `${state}: ${reason}`, color: 'red' }
}

function changesOf(given: Given) {
  const limits = limitsOf(given)
  const policy = oneOf(POLICIES, given.text('policy'), '--policy')
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(policy === null ? {} : { policy }),
  }
}
