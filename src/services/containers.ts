import type { Queries, Store } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Container, ContainerCreate, ContainerState } from '../contract/containers.ts'
import type { Actor } from '../core/actor.ts'
import {
  allowsPolicy,
  appPortOf,
  DEFAULT_CPU_MILLI,
  DEFAULT_MEMORY_BYTES,
  DEFAULT_PIDS,
  mayBeRoot,
} from '../core/container-shape.ts'
import { cpuAmounts } from '../core/cpu.ts'
import { failure, nameTaken, notFound, quotaExceeded, wrongField } from '../core/failure.ts'
import { imageReference } from '../core/image-reference.ts'
import { shortages } from '../core/quota.ts'
import { isReservedName } from '../core/reserved-names.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import { containerOf, type Surroundings } from './container-view.ts'
import type { OperationService } from './operations.ts'
import { placement, type PlacementDeps } from './placement.ts'
import { limitsOf, tenantBySlug } from './tenant-lookup.ts'

export interface ContainerDeps extends PlacementDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  readonly operations: OperationService
  readonly around: Surroundings
  /** Throws `engine-unavailable` while the engine is away. */
  readonly requireEngine: () => void
  readonly wake: (containerId: string) => void
  /** Tells the edge of new names. */
  readonly routesChanged: () => void
}

export type ContainerService = ReturnType<typeof containerService>

export function containerService(deps: ContainerDeps) {
  const { store, clock, around, wake } = deps
  const place = placement(deps)

  async function create(
    slug: string,
    wanted: ContainerCreate,
    actor: Actor,
  ): Promise<Change<Container>> {
    checkFields(wanted)
    deps.requireEngine()
    // The check, the reservation and the insert share one write transaction, so that of two requests
    // for the last of anything one is refused.
    const { operation, row } = await store.write(async (q) => {
      const tenant = await tenantBySlug(q, slug)
      if (isReservedName(wanted.name) || (await q.names.owner(tenant.id, wanted.name))) {
        throw nameTaken('container', wanted.name)
      }
      const made = newRow(deps, tenant, wanted)
      await admit(q, tenant, made)
      const network = await place.defaultNetwork(q, tenant.id)
      await place.address(q, network, made.id)
      const row = { ...made, networkId: network.id }
      await q.containers.insert(row)
      await q.names.claim({
        tenantId: tenant.id,
        name: row.name,
        kind: 'container',
        resourceId: row.id,
      })
      return { operation: await begin(q, { row, slug, actor, verb: 'create' }), row }
    })
    return changed(row.id, operation)
  }

  async function begin(q: Queries, { row, slug, actor, verb }: Intent) {
    const target = `container/${row.name}`
    const tenant = { id: row.tenantId, slug }
    await deps.audit.accepted(q, actor, {
      action: `containers.${verb}`,
      tenant,
      target,
      status: 202,
    })
    return deps.operations.begin(q, {
      tenantId: row.tenantId,
      kind: `containers.${verb}`,
      target: { kind: 'container', id: row.id, name: row.name },
      generation: row.generation,
      // A new name is the whole of it, and changes nothing of what is under way.
      supersedes: verb !== 'rename',
      done: verb === 'rename',
    })
  }

  async function changed(id: string, operation: Change<Container>['operation']) {
    wake(id)
    const last = await store.read.containers.placedById(id)
    if (!last) throw notFound('container', id)
    const fresh = async (): Promise<Container> =>
      containerOf((await store.read.containers.placedById(id)) ?? gone(last), around)
    return { operation, resource: containerOf(last, around), fresh }
  }

  /** Writes a new intent of a container that exists. `to` refuses, or says what changes in the row. */
  async function intend(
    asked: Asked,
    verb: Verb,
    to: (row: ContainerRow, q: Queries) => Promise<Partial<ContainerRow>> | Partial<ContainerRow>,
  ): Promise<Change<Container>> {
    const { operation, id } = await store.write(async (q) => {
      const tenant = await tenantBySlug(q, asked.tenant)
      const { row } = await found(q, tenant.id, asked.container)
      if (row.desired === 'absent' && verb !== 'delete') throw conflict(row, verb)
      const change = { ...(await to(row, q)), generation: row.generation + 1 }
      await q.containers.update(row.id, change)
      const intent = { row: { ...row, ...change }, slug: asked.tenant, actor: asked.actor, verb }
      return { operation: await begin(q, intent), id: row.id }
    })
    return changed(id, operation)
  }

  return {
    create,

    async get(slug: string, nameOrId: string): Promise<Container> {
      const tenant = await tenantBySlug(store.read, slug)
      return containerOf(await found(store.read, tenant.id, nameOrId), around)
    },

    async list(slug: string, query: ListQuery) {
      const tenant = await tenantBySlug(store.read, slug)
      const placed = await store.read.containers.list(tenant.id, {
        limit: query.limit,
        state: query.state,
        namePrefix: query.name,
        afterName: query.cursor,
      })
      const last = placed.length === query.limit ? placed.at(-1) : undefined
      const items = placed.map((one) => containerOf(one, around))
      return {
        items: items.filter(({ spec }) => hasLabel(spec.labels ?? {}, query.label)),
        nextCursor: last?.row.name ?? null,
      }
    },

    async status(slug: string, asked: readonly string[]) {
      const tenant = await tenantBySlug(store.read, slug)
      const placed = await store.read.containers.findAll(tenant.id, asked)
      return {
        items: asked.map((one) => {
          const hit =
            placed.find(({ row }) => row.name === one) ?? placed.find(({ row }) => row.id === one)
          return { asked: one, container: hit ? containerOf(hit, around) : null }
        }),
      }
    },

    start: (asked: Asked) => {
      deps.requireEngine()
      // One that runs stays as it is; the operation then succeeds at once.
      return intend(asked, 'start', (row) =>
        row.desired === 'running' && row.state === 'running'
          ? {}
          : { desired: 'running', run: row.run + 1, state: 'starting', ...NO_REASON, restarts: 0 },
      )
    },

    restart: (asked: Asked) => {
      deps.requireEngine()
      return intend(asked, 'restart', (row) => ({
        desired: 'running',
        run: row.run + 1,
        state: 'starting',
        ...NO_REASON,
        restarts: 0,
      }))
    },

    stop: (asked: Asked) => {
      deps.requireEngine()
      return intend(asked, 'stop', (row) => ({
        desired: 'stopped',
        state: row.state === 'stopped' ? 'stopped' : 'stopping',
        retryAt: null,
      }))
    },

    async rename(asked: Asked, name: string): Promise<Change<Container>> {
      const renamed = await intend(asked, 'rename', async (row, q) => {
        const owner = await q.names.owner(row.tenantId, name)
        if (isReservedName(name) || (owner && owner.resourceId !== row.id)) {
          throw nameTaken('container', name)
        }
        await q.names.release(row.id)
        await q.names.claim({ tenantId: row.tenantId, name, kind: 'container', resourceId: row.id })
        return { name }
      })
      deps.routesChanged()
      return renamed
    },

    delete: (asked: Asked, force: boolean) => {
      deps.requireEngine()
      return intend(asked, 'delete', (row) => {
        if (!force && row.desired === 'running' && LIVELY.has(row.state))
          throw conflict(row, 'delete')
        return { desired: 'absent', state: 'deleting', retryAt: null }
      })
    },
  }
}

type Verb = 'create' | 'start' | 'stop' | 'restart' | 'rename' | 'delete'

interface Asked {
  readonly tenant: string
  readonly container: string
  readonly actor: Actor
}

interface Intent {
  readonly row: ContainerRow
  readonly slug: string
  readonly actor: Actor
  readonly verb: Verb
}

interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly state?: ContainerState | undefined
  readonly label?: string | undefined
  readonly name?: string | undefined
}

const NO_REASON = { exitCode: null, reasonCode: null, reasonMessage: null, retryAt: null } as const

/** States in which a process runs, or is about to. */
const LIVELY: ReadonlySet<ContainerState> = new Set([
  'running',
  'starting',
  'restarting',
  'stopping',
])

async function found(q: Queries, tenantId: string, nameOrId: string): Promise<PlacedContainer> {
  const placed = await q.containers.find(tenantId, nameOrId)
  if (placed) return placed
  throw notFound('container', nameOrId)
}

const HINTS: Partial<Record<Verb, string>> = {
  delete: '; stop it first, or delete it with "force"',
}

const conflict = (row: ContainerRow, verb: Verb) =>
  failure(
    'state-conflict',
    `Cannot ${verb} container "${row.name}": it is ${row.state}${HINTS[verb] ?? ''}`,
    { kind: 'container', name: row.name, state: row.state },
  )

/** Once the row is history, the last that was seen of it is what can be shown. */
const gone = (last: PlacedContainer): PlacedContainer => ({
  ...last,
  row: { ...last.row, desired: 'absent', state: 'deleting' },
})

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  const [key = '', value] = wanted.split(/=(.*)/s)
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}

/** What the contract's shapes alone cannot show. */
function checkFields(wanted: ContainerCreate): void {
  const reference = imageReference(wanted.image)
  if (!reference.ok) throw wrongField('json#/image', reference.reason)
  const app = appPortOf(wanted.ports, [])
  if ('ambiguous' in app) {
    throw wrongField(
      'json#/ports',
      `mark one of the ports ${app.ambiguous.join(', ')} with "app": true`,
    )
  }
  const check = wanted.healthCheck
  if (
    check &&
    check.type !== 'none' &&
    check.port === undefined &&
    wanted.ports &&
    app.port === null
  ) {
    throw wrongField('json#/healthCheck/port', 'a health check needs a port where there is no app')
  }
}

function newRow(
  { clock, newId, node }: ContainerDeps,
  tenant: TenantRow,
  wanted: ContainerCreate,
): Omit<ContainerRow, 'networkId'> {
  const { name, start, ...spec } = wanted
  const policy = wanted.policy ?? tenant.policy
  if (!allowsPolicy(tenant.policy, policy)) {
    throw wrongField('json#/policy', `the tenant's policy "${tenant.policy}" allows no laxer one`)
  }
  if (policy === 'restricted' && wanted.user !== undefined && mayBeRoot(wanted.user)) {
    throw wrongField(
      'json#/user',
      'the policy "restricted" wants a number above 0, e.g. "1000:1000"',
    )
  }
  return {
    id: newId(),
    tenantId: tenant.id,
    nodeId: node,
    name,
    specJson: JSON.stringify(spec),
    policy,
    ...cpuAmounts(wanted, DEFAULT_CPU_MILLI),
    memoryBytes: wanted.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    pids: wanted.pids ?? DEFAULT_PIDS,
    desired: start ? 'running' : 'stopped',
    generation: 1,
    specGeneration: 1,
    run: start ? 1 : 0,
    state: 'pending',
    startedRun: 0,
    startingAt: null,
    imageJson: null,
    appPort: null,
    endpointsJson: '[]',
    ...NO_REASON,
    restarts: 0,
    createdAt: clock.now().getTime(),
    startedAt: null,
    finishedAt: null,
    removedAt: null,
  }
}

async function admit(
  q: Queries,
  tenant: TenantRow,
  row: Omit<ContainerRow, 'networkId'>,
): Promise<void> {
  const used = await q.containers.reserved(tenant.id)
  const { cpuMilli, memoryBytes } = row
  const short = shortages(limitsOf(tenant), used, { containers: 1, cpuMilli, memoryBytes })
  if (short.length > 0) throw quotaExceeded('container', row.name, short)
}
