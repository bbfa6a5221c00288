import { deleteRegistry, listRegistries, putRegistry } from '../../contract/images.ts'
import type { Work } from '../command.ts'
import { usageError } from '../exit.ts'
import { secretFrom } from '../secret.ts'

export const login: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const { stdin } = context.world
  const host = given.word(0)
  const named = given.text('username')
  if (named === null && !stdin.isTty) throw usageError('Missing --username <name>')
  const username = named ?? (await stdin.ask('User name: '))
  const password = await secretFrom(stdin, 'Password: ')
  const params = { tenant, host }
  const registry = await api.call(putRegistry, { params, body: { username, password } })
  return context.show(registry, () => `${registry.host} as ${registry.username}\n`)
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(listRegistries, { params: { tenant } })
  const rows = found.items.map(({ host, username, updatedAt }) => [host, username, updatedAt])
  return context.show(found, () => context.table(['HOST', 'USER', 'UPDATED'], rows))
}

export const logout: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, host: given.word(0) }
  const registry = await api.call(deleteRegistry, { params })
  return context.show(registry, () => `${registry.host}\n`)
}
