import { z } from 'zod'
import { SCHEDULINGS, type NodeVerb } from '../core/scheduling.ts'
import { endpoint, WaitQuery } from './endpoint.ts'
import { Name, Timestamp } from './names.ts'
import { change } from './operations.ts'
import { Disk } from './usage.ts'

const NodeEngine = z.object({
  version: z.string(),
  apiVersion: z.string(),
  runcVersion: z.string().describe('Empty where the engine does not tell'),
  storageDriver: z.string(),
  cgroupDriver: z.string(),
  cgroupVersion: z.enum(['1', '2']),
  runtimes: z.array(z.string()),
  sandbox: z.boolean().describe('Containers can be run under a kernel of their own'),
  liveRestore: z.boolean().describe('Containers go on while the engine is restarted'),
})

const Amounts = z.object({
  containers: z.int(),
  cpuMilli: z.int(),
  memoryBytes: z.int(),
  pids: z.int(),
})

export const Node = z
  .object({
    name: Name,
    state: z.enum(['ready', 'engine-away']),
    scheduling: z
      .enum(SCHEDULINGS)
      .describe('`cordoned`: it takes nothing new; `drained`: nothing runs on it either'),
    scheduledAt: Timestamp.nullable().describe('Since when; null: it was never other than open'),
    kernel: z.string().nullable().describe('null: the engine does not answer'),
    engine: NodeEngine.nullable().describe('null: it does not answer'),
    cpus: z.int().nullable().describe('null, as what follows: the host could not be looked at'),
    memoryBytes: z.int().nullable(),
    disks: z.array(Disk).nullable(),
    running: z.int().describe('Containers that run now'),
    reserved: Amounts.describe('Sum of what is configured, also of what is being removed'),
    used: Amounts.nullable().describe('What is really used now; null where that is not known'),
  })
  .meta({ id: 'Node' })
export type Node = z.infer<typeof Node>

export const listNodes = endpoint({
  id: 'nodes.list',
  method: 'get',
  path: '/v1/nodes',
  summary: 'Show the machines that containers run on',
  permission: 'platform:read',
  platform: true,
  kind: 'answer',
  status: 200,
  response: z.object({ items: z.array(Node) }),
  failures: [],
})

export const getNode = endpoint({
  id: 'nodes.get',
  method: 'get',
  path: '/v1/nodes/{node}',
  summary: 'Show a machine: what it has, what is reserved of it, and what is really used',
  permission: 'platform:read',
  platform: true,
  params: z.strictObject({ node: Name }),
  kind: 'answer',
  status: 200,
  response: Node,
  failures: ['not-found'],
})

export const ScheduledNode = z
  .object({
    name: Name,
    scheduling: z.enum(SCHEDULINGS),
    scheduledAt: Timestamp.nullable(),
    notice: z.string().nullable().describe('What to know of this state'),
  })
  .meta({ id: 'ScheduledNode' })
export type ScheduledNode = z.infer<typeof ScheduledNode>

const scheduling = <const V extends NodeVerb>(verb: V, summary: string) =>
  endpoint({
    id: `nodes.${verb}`,
    method: 'post',
    path: `/v1/nodes/{node}/${verb}`,
    summary,
    permission: 'platform:write',
    platform: true,
    params: z.strictObject({ node: Name }),
    query: WaitQuery,
    kind: 'change',
    status: 202,
    response: change(ScheduledNode),
    failures: ['not-found'],
  })

export const cordonNode = scheduling('cordon', 'Let a machine take nothing new')
export const drainNode = scheduling(
  'drain',
  'Stop all containers on a machine, and start none; what was to run runs again after an uncordon',
)
export const uncordonNode = scheduling(
  'uncordon',
  'Let a machine take everything again, and start what was to run on it',
)
