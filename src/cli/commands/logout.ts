import { logout as endSession } from '../../contract/sign-in.ts'
import type { Work } from '../command.ts'

export const logout: Work = async (context) => {
  const { api, endpoint } = await context.session()
  const ended = await api.call(endSession, {})
  return context.show(ended, () => `Signed out at ${endpoint}\n`)
}
