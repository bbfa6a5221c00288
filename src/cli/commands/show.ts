import { whoami } from '../../contract/keys.ts'
import { getUsage } from '../../contract/tenants.ts'
import type { Work } from '../command.ts'
import { fields } from '../table.ts'
import { cpuText, sizeText } from '../units.ts'

export const usage: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const used = await api.call(getUsage, { params: { tenant } })
  const rows = [
    share('containers', used.containers, String),
    share('cpu', used.cpuMilli, cpuText),
    share('memory', used.memoryBytes, sizeText),
  ]
  const remark = used.enforced ? '' : 'The platform does not enforce these limits\n'
  return context.show(
    used,
    () => context.table(['RESOURCE', 'USED', 'LIMIT', 'PERCENT'], rows) + remark,
  )
}

interface Share {
  readonly used: number
  readonly limit: number | null
}

function share(name: string, { used, limit }: Share, text: (amount: number) => string): string[] {
  if (limit === null) return [name, text(used), 'none', '-']
  // Without anything allowed, anything used is over the limit, and nothing used is all of it.
  const percent = limit === 0 ? '-' : `${Math.round((used / limit) * 100)} %`
  return [name, text(used), text(limit), percent]
}

export const whoAmI: Work = async (context) => {
  const { api, endpoint, profileName } = await context.session()
  const who = await api.call(whoami, {})
  return context.show(who, () =>
    fields([
      ['Endpoint', endpoint],
      ['Profile', profileName ?? '- (key from the environment)'],
      ...(who.person === null ? [] : [['Person', who.person] as const]),
      ...(who.accessKeyId === null ? [] : [['Access key', who.accessKeyId] as const]),
      ['Tenant', who.tenant ?? '- (key of the platform)'],
      ['Role', who.role],
      ['Permissions', who.permissions.join(' ')],
      ...(who.actions === null ? [] : [['Only to', who.actions.join(' ')] as const]),
      ...(who.resources === null ? [] : [['Only on', who.resources.join(' ')] as const]),
      ['Server time', who.serverTime],
    ]),
  )
}
