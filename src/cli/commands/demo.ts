import { ApiError } from '../../client/api-error.ts'
import type { Client } from '../../client/client.ts'
import { createContainer, getContainer } from '../../contract/containers.ts'
import { createTenant, getTenant } from '../../contract/tenants.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { fields } from '../table.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const TENANT = 'demo'
const NAME = 'hello'
const IMAGE = 'cloudlet/demo:latest'

export const demo: Work = async (context, given) => {
  const api = await context.api()
  const asked = { params: { tenant: TENANT, container: NAME } }
  const found = await orMissing(api.call(getContainer, asked))
  if (found === null) await made(context, api, given)
  const container = found ?? (await api.call(getContainer, asked))
  return context.show(container, () =>
    fields([
      ['URL', container.url ?? '-'],
      ['State', container.state],
      ['Health', container.health],
      ['Inside', container.hostname],
    ]),
  )
}

async function made(context: Context, api: Client, given: Given): Promise<void> {
  const params = { tenant: TENANT }
  if ((await orMissing(api.call(getTenant, { params }))) === null) {
    await api.call(createTenant, { body: { slug: TENANT } })
  }
  const { operation } = await api.call(createContainer, {
    params,
    body: { name: NAME, image: IMAGE },
  })
  await succeeded(context, { tenant: TENANT, operation, timeoutMs: timeoutMs(given) })
}

async function orMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not-found') return null
    throw error
  }
}
