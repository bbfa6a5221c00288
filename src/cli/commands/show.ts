import { whoami } from '../../contract/keys.ts'
import type { Work } from '../command.ts'
import { fields } from '../table.ts'

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
