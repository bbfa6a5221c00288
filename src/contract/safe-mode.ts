import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'

export const SafeMode = z
  .object({
    reason: z.string().describe('`restored`: the database was put back from a backup'),
    since: Timestamp.nullable(),
  })
  .meta({ id: 'SafeMode' })
export type SafeMode = z.infer<typeof SafeMode>

export const leaveSafeMode = endpoint({
  id: 'platform.leave-safe-mode',
  method: 'post',
  path: '/v1/platform/leave-safe-mode',
  summary: 'Let the platform remove again what its database does not know',
  permission: 'platform:write',
  platform: true,
  kind: 'answer',
  status: 200,
  response: SafeMode,
  failures: ['state-conflict'],
})
