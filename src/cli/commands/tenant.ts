import { POLICIES } from '../../contract/containers.ts'
import {
  createTenant,
  deleteTenant,
  getTenant,
  listTenants,
  type Tenant,
  updateTenant,
} from '../../contract/tenants.ts'
import { RESOURCES } from '../../core/quota.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { amountText, limitsOf } from '../limits.ts'
import { allPages } from '../pages.ts'

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

export const remove: Work = async (context, given) => {
  const api = await context.api()
  const tenant = await api.call(deleteTenant, { params: { tenant: given.word(0) } })
  return context.show(tenant, () => `${tenant.slug}\n`)
}

function shown(context: Context, tenant: Tenant) {
  return context.show(tenant, () => rows(context, [tenant]))
}

function rows(context: Context, tenants: readonly Tenant[]): string {
  return context.table(
    ['SLUG', 'CONTAINERS', 'CPU', 'MEMORY', 'POLICY', 'CREATED', 'OVER LIMIT'],
    tenants.map(({ slug, limits, policy, createdAt, overLimit }) => [
      slug,
      amountText('containers', limits.containers),
      amountText('cpuMilli', limits.cpuMilli),
      amountText('memoryBytes', limits.memoryBytes),
      policy,
      createdAt,
      overLimit.length === 0
        ? '-'
        : { text: overLimit.map((one) => RESOURCES[one].label).join(', '), color: 'red' as const },
    ]),
  )
}

function changesOf(given: Given) {
  const limits = limitsOf(given)
  const policy = oneOf(POLICIES, given.text('policy'), '--policy')
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(policy === null ? {} : { policy }),
  }
}
