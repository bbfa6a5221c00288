import { z } from 'zod'
import { CONTAINERS, InContainer } from './containers.ts'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'

export const Metrics = z
  .object({
    time: Timestamp,
    cpuSeconds: z.number().describe('Time on CPUs since the container was started'),
    cpuPercent: z
      .number()
      .nullable()
      .describe('Of one CPU, since the sample before; null for the first of a run'),
    memoryBytes: z.int().describe('Without pages of files that could be dropped at once'),
    memoryLimitBytes: z.int(),
    pids: z.int(),
    receivedBytes: z.int().describe('By its networks, since the container was started'),
    sentBytes: z.int(),
    readBytes: z.int().describe('From disks, since the container was started'),
    writtenBytes: z.int(),
  })
  .meta({ id: 'Metrics' })
export type Metrics = z.infer<typeof Metrics>

export const containerMetrics = endpoint({
  id: 'containers.metrics',
  method: 'get',
  path: `${CONTAINERS}/{container}/metrics`,
  summary: 'Show what a running container uses now',
  permission: 'containers:read',
  params: InContainer,
  kind: 'answer',
  status: 200,
  response: Metrics,
  failures: ['engine-unavailable', 'not-found', 'state-conflict'],
})
