import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'
import { SafeMode } from './safe-mode.ts'

const Orphan = z
  .object({
    kind: z.enum(['container', 'network']),
    name: z.string().describe('On the engine'),
    id: z.string(),
    tenant: z.string().describe('As its label says'),
    createdAt: Timestamp,
    firstSeenAt: Timestamp,
  })
  .meta({ id: 'Orphan' })
export type Orphan = z.infer<typeof Orphan>

/** Of each list so many are shown; the numbers are of all. */
export const MOST_ORPHANS_SHOWN = 100

export const Orphans = z
  .object({
    braked: z.boolean().describe('True: they are so many that nothing is removed by itself'),
    safeMode: SafeMode.nullable().describe('While it is on nothing is removed'),
    dueCount: z.int(),
    waitingCount: z.int(),
    due: z.array(Orphan).describe('What the next look would remove; the first 100'),
    waiting: z.array(Orphan).describe('What has not been there for long enough; the first 100'),
  })
  .meta({ id: 'Orphans' })
export type Orphans = z.infer<typeof Orphans>

export const listOrphans = endpoint({
  id: 'platform.orphans',
  method: 'get',
  path: '/v1/platform/orphans',
  summary: 'Show what the engine has of this platform that the database does not know',
  permission: 'platform:read',
  platform: true,
  kind: 'answer',
  status: 200,
  response: Orphans,
  failures: ['engine-unavailable'],
})

export const Collected = z
  .object({
    braked: z.boolean().describe('True: they are so many that nothing was removed'),
    removedCount: z.int(),
    removed: z.array(Orphan).describe('The first 100'),
  })
  .meta({ id: 'Collected' })
export type Collected = z.infer<typeof Collected>

export const collectOrphans = endpoint({
  id: 'platform.gc',
  method: 'post',
  path: '/v1/platform/gc',
  summary: 'Remove from the engine what the database does not know, now',
  permission: 'platform:write',
  platform: true,
  body: z
    .strictObject({
      brake: z.enum(['release']).optional().describe('Lets go what is held for being so many'),
    })
    .meta({ id: 'Collect' }),
  kind: 'answer',
  status: 200,
  response: Collected,
  failures: ['engine-unavailable', 'state-conflict'],
})
