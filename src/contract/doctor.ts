import { z } from 'zod'
import { endpoint } from './endpoint.ts'

const Finding = z
  .object({
    check: z.string(),
    result: z.enum(['ok', 'warning', 'problem']),
    meaning: z.string(),
    todo: z.string().nullable().describe('What to do about it; null: nothing'),
  })
  .meta({ id: 'Finding' })

export const Diagnosis = z
  .object({
    healthy: z.boolean().describe('False: at least one check found a problem'),
    items: z.array(Finding),
  })
  .meta({ id: 'Diagnosis' })
export type Diagnosis = z.infer<typeof Diagnosis>

export const platformDoctor = endpoint({
  id: 'platform.doctor',
  method: 'get',
  path: '/v1/platform/doctor',
  summary: 'Check engine, kernel, disks, clock, names and database, and say what to do',
  permission: 'platform:read',
  platform: true,
  kind: 'answer',
  status: 200,
  response: Diagnosis,
  failures: [],
})
