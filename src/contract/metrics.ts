import { z } from 'zod'
import { CONTAINERS, InContainer } from './containers.ts'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'

export const Metrics = z
  .object({
    time: Timestamp,
    cpuSeconds: z.number().min(0).describe('Seconds on CPUs since the container was started'),
    cpuPercent: z
      .number()
      .min(0)
      .nullable()
      .describe('Percent of one CPU since the sample before; null for the first of a run'),
    memoryBytes: z
      .int()
      .min(0)
      .describe(
        'The working set: bytes in use without pages of files that could be dropped at once',
      ),
    memoryLimitBytes: z.int().min(0).describe('Bytes beyond which the kernel ends a process of it'),
    pids: z.int().min(0).describe('Processes and threads'),
    receivedBytes: z
      .int()
      .min(0)
      .describe('Bytes received by its networks since the container was started'),
    sentBytes: z
      .int()
      .min(0)
      .describe('Bytes sent by its networks since the container was started'),
    receivedBitsLimit: z
      .int()
      .nullable()
      .describe('Bits that it may receive in a second; null: no limit'),
    sentBitsLimit: z.int().nullable().describe('Bits that it may send in a second; null: no limit'),
    readBytes: z
      .int()
      .min(0)
      .describe(
        'Bytes read from disks since the container was started, without what was in memory',
      ),
    writtenBytes: z
      .int()
      .min(0)
      .describe(
        'Bytes written to disks since the container was started; with version 1 of cgroups only what goes there at once',
      ),
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
