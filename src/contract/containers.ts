import { z } from 'zod'
import { EXCEPTIONS } from '../core/exceptions.ts'
import { BandwidthLimits } from './bandwidth.ts'
import { ContainerAddress, NetworkUses } from './container-networks.ts'
import { endpoint, Flag, page, PageQuery, WaitQuery } from './endpoint.ts'
import { FirewallUses } from './firewall-uses.ts'
import { HealthCheck, Port } from './health-check.ts'
import { LabelFilter, Labels, NameFilter, Text } from './labels.ts'
import { Id, InTenant, Name, NameOrId, Timestamp } from './names.ts'
import { change } from './operations.ts'
import { SecretUses } from './secrets.ts'

const MIB = 1024 * 1024
const Arguments = z.array(Text(4096)).max(256)
export const POLICIES = ['baseline', 'restricted'] as const
/** `sandboxed`: under gVisor, a kernel of its own between the container and the host's. */
export const RUNTIMES = ['default', 'sandboxed'] as const
/** The order tells nothing, so each can stand once. */
export const Exceptions = z
  .array(z.enum(EXCEPTIONS))
  .max(EXCEPTIONS.length)
  .refine((all) => new Set(all).size === all.length, 'each once')
export const STOP_SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGKILL',
] as const

export const ContainerCreate = z
  .strictObject({
    name: Name,
    image: z
      .string()
      .min(1)
      .max(512)
      .regex(/^[a-zA-Z0-9][\w.:/@-]*$/)
      .describe('`[registry/]repository[:tag][@digest]`'),
    command: Arguments.optional().describe("Instead of the image's command"),
    entrypoint: Arguments.optional().describe("Instead of the image's entrypoint"),
    workingDir: Text(1024).regex(/^\//).optional(),
    env: z
      .record(
        z
          .string()
          .max(256)
          .regex(/^[a-zA-Z_]\w*$/),
        Text(32768),
      )
      .refine((env) => JSON.stringify(env).length <= 65536, 'at most 64 KiB in all')
      .optional(),
    user: z
      .string()
      .max(64)
      .regex(/^[\w.-]+(:[\w.-]+)?$/)
      .optional()
      .describe('User and group, by name or number: `1000:1000`'),
    memoryBytes: z
      .int()
      .min(6 * MIB)
      .max(2 ** 46)
      .optional()
      .describe('Default 256 MiB'),
    cpuMilli: z
      .int()
      .min(10)
      .max(1_024_000)
      .optional()
      .describe('Thousandths of a CPU; default 500'),
    cpuShares: z
      .int()
      .min(2)
      .max(262_144)
      .optional()
      .describe('Weight; alone it also reserves and limits 1000/1024 milli-CPUs a share'),
    pids: z.int().min(8).max(4096).optional().describe('Processes and threads; default 256'),
    ports: z
      .array(
        z.strictObject({
          port: Port,
          protocol: z.enum(['tcp', 'udp']).default('tcp'),
          app: z.boolean().default(false).describe('The port that the ingress talks to'),
          http2: z
            .boolean()
            .optional()
            .describe('The app speaks HTTP/2 there, without TLS and at once (h2c), as gRPC does'),
        }),
      )
      .max(32)
      .optional(),
    restart: z
      .enum(['no', 'on-failure', 'always'])
      .default('on-failure')
      .describe('When the platform starts it anew after it has ended'),
    maxRestarts: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe('Give up after so many restarts in a row; default: never'),
    minHealthySeconds: z
      .int()
      .min(0)
      .max(600)
      .default(1)
      .describe('An operation succeeds only when the container has stayed up for this long'),
    labels: Labels.optional(),
    healthCheck: HealthCheck.optional().describe("Default: a TCP connection to the app's port"),
    stopSignal: z.enum(STOP_SIGNALS).optional(),
    stopTimeoutSeconds: z.int().min(0).max(300).default(10),
    publish: z
      .boolean()
      .default(false)
      .describe('Publish the TCP ports on 127.0.0.1, on ports that the platform picks'),
    policy: z
      .enum(POLICIES)
      .optional()
      .describe("At least as strict as the tenant's, which is the default"),
    runtime: z
      .enum(RUNTIMES)
      .optional()
      .describe("At least as strict as the tenant's, which is the default"),
    exceptions: Exceptions.optional().describe(
      'What it needs beyond the policy, of what the operator has granted the tenant',
    ),
    secrets: SecretUses.optional(),
    networks: NetworkUses.optional(),
    firewalls: FirewallUses.optional(),
    bandwidth: BandwidthLimits.optional(),
    start: z.boolean().default(true).describe('False: create it stopped'),
  })
  .meta({ id: 'ContainerCreate' })
export type ContainerCreate = z.infer<typeof ContainerCreate>

/** What was asked for: what is kept, and shown again. */
export const ContainerSpec = ContainerCreate.omit({
  name: true,
  start: true,
  networks: true,
}).meta({ id: 'ContainerSpec' })
export type ContainerSpec = z.infer<typeof ContainerSpec>

export const CONTAINER_STATES = [
  'pending',
  'pulling',
  'creating',
  'starting',
  'running',
  'restarting',
  'crash-looping',
  'stopping',
  'stopped',
  'exited',
  'failed',
  'deleting',
] as const
export type ContainerState = (typeof CONTAINER_STATES)[number]

export const Container = z
  .object({
    id: Id,
    name: Name,
    image: z.string(),
    desired: z.enum(['running', 'stopped', 'absent']),
    state: z.enum(CONTAINER_STATES),
    health: z.enum(['healthy', 'unhealthy', 'unknown', 'none']),
    exitCode: z.int().nullable(),
    reason: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .describe('Why it is not as desired, or why it ended'),
    restarts: z.int().describe('How often in a row the platform has started it anew'),
    addresses: z.array(ContainerAddress).describe('In each of its networks'),
    hostname: z.string().describe('Its name inside: `hello.demo.internal`'),
    url: z.string().nullable().describe('Where the ingress answers for it'),
    endpoints: z.array(
      z.object({ port: Port, protocol: z.enum(['tcp', 'udp']), address: z.string() }),
    ),
    resources: z.object({
      memoryBytes: z.int(),
      cpuMilli: z.int(),
      cpuShares: z.int(),
      pids: z.int(),
    }),
    fileSystems: z
      .array(
        z.object({
          path: z.string(),
          sizeBytes: z.int(),
          medium: z.literal('memory'),
          origin: z.enum(['platform', 'image']),
        }),
      )
      .describe(
        'What it can write to beside its root, charged to its memory: each volume of the image is one. Empty until the image is known',
      ),
    secretsOutdated: z
      .boolean()
      .describe('True: a secret has a newer version, which a restart picks up'),
    runtime: z.enum(RUNTIMES),
    isolated: z.boolean().describe('False: names and walls between tenants are not enforced'),
    spec: ContainerSpec,
    generation: z.int(),
    createdAt: Timestamp,
    startedAt: Timestamp.nullable(),
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Container' })
export type Container = z.infer<typeof Container>

export const CONTAINERS = '/v1/tenants/{tenant}/containers'
export const InContainer = InTenant.extend({ container: NameOrId })

export const createContainer = endpoint({
  id: 'containers.create',
  method: 'post',
  path: CONTAINERS,
  summary: 'Create a container and start it',
  permission: 'containers:write',
  names: 'container',
  params: InTenant,
  query: WaitQuery,
  body: ContainerCreate,
  kind: 'change',
  status: 202,
  response: change(Container),
  failures: [
    'address-exhausted',
    'address-taken',
    'capacity-exceeded',
    'container-exited',
    'engine-refused',
    'engine-unavailable',
    'image-unavailable',
    'name-taken',
    'not-found',
    'quota-exceeded',
    'too-many-rules',
  ],
})

export const listContainers = endpoint({
  id: 'containers.list',
  method: 'get',
  path: CONTAINERS,
  summary: 'List containers by name',
  permission: 'containers:read',
  filtered: true,
  params: InTenant,
  query: PageQuery.extend({
    state: z.enum(CONTAINER_STATES).optional(),
    label: LabelFilter.optional(),
    name: NameFilter.optional(),
  }),
  kind: 'answer',
  status: 200,
  response: page(Container),
  failures: ['not-found'],
})

export const getContainer = endpoint({
  id: 'containers.get',
  method: 'get',
  path: `${CONTAINERS}/{container}`,
  summary: 'Show a container',
  permission: 'containers:read',
  params: InContainer,
  kind: 'answer',
  status: 200,
  response: Container,
  failures: ['not-found'],
})

export const statusOfContainers = endpoint({
  id: 'containers.status',
  method: 'post',
  path: '/v1/tenants/{tenant}/container-status',
  summary: 'Show the state of several containers at once',
  permission: 'containers:read',
  filtered: true,
  params: InTenant,
  body: z
    .strictObject({ containers: z.array(NameOrId).min(1).max(1000) })
    .meta({ id: 'StatusAsked' }),
  kind: 'answer',
  status: 200,
  response: z.object({
    items: z.array(
      z.object({
        asked: z.string(),
        container: Container.pick({
          id: true,
          name: true,
          desired: true,
          state: true,
          health: true,
          exitCode: true,
          reason: true,
        }).nullable(),
      }),
    ),
  }),
  failures: ['not-found'],
})

/** The four changes that take no body: same shape, one word each. */
const changeOf = <const V extends 'start' | 'stop' | 'restart'>(verb: V, summary: string) =>
  endpoint({
    id: `containers.${verb}`,
    method: 'post',
    path: `${CONTAINERS}/{container}/${verb}`,
    conditional: true,
    summary,
    permission: 'containers:write',
    params: InContainer,
    query: WaitQuery,
    kind: 'change',
    status: 202,
    response: change(Container),
    failures: [
      'container-exited',
      'engine-refused',
      'engine-unavailable',
      'not-found',
      'state-conflict',
    ],
  })

export const startContainer = changeOf('start', 'Start a stopped container')
export const stopContainer = changeOf('stop', 'Stop a container; it keeps its name and address')
export const restartContainer = changeOf('restart', 'Stop a container and start it again')

export const renameContainer = endpoint({
  id: 'containers.rename',
  method: 'post',
  path: `${CONTAINERS}/{container}/rename`,
  conditional: true,
  summary: 'Give a container another name',
  permission: 'containers:write',
  names: 'container',
  params: InContainer,
  query: WaitQuery,
  body: z.strictObject({ name: Name }).meta({ id: 'ContainerRename' }),
  kind: 'change',
  status: 202,
  response: change(Container),
  failures: ['name-taken', 'not-found', 'state-conflict'],
})

export const deleteContainer = endpoint({
  id: 'containers.delete',
  method: 'delete',
  path: `${CONTAINERS}/{container}`,
  conditional: true,
  summary: 'Delete a container; a running one only with `force`',
  permission: 'containers:write',
  params: InContainer,
  query: WaitQuery.extend({ force: Flag.default(false) }),
  kind: 'change',
  status: 202,
  response: change(Container),
  failures: ['engine-refused', 'engine-unavailable', 'not-found', 'state-conflict'],
})

export const LogLine = z
  .object({
    time: Timestamp.nullable(),
    stream: z.enum(['stdout', 'stderr']),
    line: z.string(),
  })
  .meta({ id: 'LogLine' })
export type LogLine = z.infer<typeof LogLine>

export const containerLogs = endpoint({
  id: 'containers.logs',
  method: 'get',
  path: `${CONTAINERS}/{container}/logs`,
  summary: 'Read the log, as text, NDJSON or server-sent events (by Accept)',
  permission: 'containers:read',
  params: InContainer,
  query: z.strictObject({
    tail: z.coerce.number().int().min(0).max(100_000).optional().describe('Only the last lines'),
    since: z.iso.datetime().optional(),
    follow: Flag.default(false).describe('Go on with what comes'),
    stream: z.enum(['stdout', 'stderr', 'all']).default('all'),
  }),
  kind: 'stream',
  status: 200,
  response: LogLine,
  failures: ['engine-unavailable', 'not-found'],
})
