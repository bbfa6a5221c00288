import { platformSessions, tenantSessions } from '../../contract/sessions.ts'
import type { Work } from '../command.ts'

const HEAD = ['ID', 'KIND', 'WHO', 'ACTION', 'TENANT', 'SINCE', 'FROM']

export const list: Work = async (context, given) => {
  const api = await context.api()
  const found = given.has('admin')
    ? await api.call(platformSessions.list, { params: {} })
    : await api.call(tenantSessions.list, { params: { tenant: await context.tenant() } })
  const rows = found.items.map(({ id, kind, actor, action, tenant, since, address }) => [
    id,
    kind,
    actor,
    action ?? '-',
    tenant ?? '-',
    since,
    address,
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const end: Work = async (context, given) => {
  const api = await context.api()
  const session = given.word(0)
  const ended = given.has('admin')
    ? await api.call(platformSessions.end, { params: { session } })
    : await api.call(tenantSessions.end, { params: { tenant: await context.tenant(), session } })
  return context.show(ended, () => `${ended.id}\n`)
}
