import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'

export const Backup = z
  .object({
    name: z.string().describe("Of its file in the platform's folder of backups"),
    createdAt: Timestamp,
    sizeBytes: z.int(),
    sha256: z.string(),
    rows: z.record(z.string(), z.int()).describe('Rows of each table, as counted in the copy'),
  })
  .meta({ id: 'Backup' })
export type Backup = z.infer<typeof Backup>

export const createBackup = endpoint({
  id: 'backups.create',
  method: 'post',
  path: '/v1/platform/backups',
  summary: 'Copy the database of the platform, and read the copy back',
  permission: 'platform:write',
  platform: true,
  kind: 'answer',
  status: 201,
  response: Backup,
  failures: ['state-conflict', 'storage-unavailable'],
})

export const listBackups = endpoint({
  id: 'backups.list',
  method: 'get',
  path: '/v1/platform/backups',
  summary: 'List the backups of the database, the newest first',
  permission: 'platform:read',
  platform: true,
  kind: 'answer',
  status: 200,
  response: z.object({ items: z.array(Backup) }),
  failures: [],
})
