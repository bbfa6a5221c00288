import type { Queries, Store } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { Container, ContainerCreate } from '../contract/containers.ts'
import type { Actor } from '../core/actor.ts'
import type { Cidr } from '../core/cidr.ts'
import { containerCreated } from '../core/container-event.ts'
import { failure, nameTaken, notFound } from '../core/failure.ts'
import { refuseStale } from '../core/precondition.ts'
import { isResizing } from '../core/resize.ts'
import { isReservedName } from '../core/reserved-names.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import { amountsOf, checkFields, newRow, refuseRegistry } from './container-rows.ts'
import { checkAliases, firstNetwork, refuseAliased, usesOf } from './container-networks.ts'
import { checkSecrets } from './container-secrets.ts'
import { containerOf, type Surroundings } from './container-view.ts'
import type { Elsewhere } from './elsewhere.ts'
import { checkFirewalls, refuseTooMany } from './firewall-checks.ts'
import type { Ledger } from './ledger.ts'
import type { Begun, OperationService } from './operations.ts'
import type { EventService } from './events.ts'
import { refuseCordoned } from './node-scheduling.ts'
import { DEFAULT_NETWORK, placement, POOL_NETWORK, type PlacementDeps } from './placement.ts'
import type { SandboxCheck } from './sandbox.ts'
import { refuseIdle, tenantBySlug, tenantToRun } from './tenant-lookup.ts'

export interface IntentDeps extends PlacementDeps {
  readonly store: Store
  readonly audit: AuditService
  readonly events: Pick<EventService, 'record'>
  readonly operations: OperationService
  readonly ledger: Ledger
  readonly around: Surroundings
  readonly requireRuntime: SandboxCheck
  readonly elsewhere: Elsewhere
  /** Registries that the operator lets tenants pull from, wherever they are. */
  readonly registries: readonly string[]
  readonly wake: (containerId: string) => void
}

export type Verb =
  | 'attach'
  | 'create'
  | 'delete'
  | 'detach'
  | 'rename'
  | 'restart'
  | 'start'
  | 'stop'
  | 'update'

export interface Asked {
  readonly tenant: string
  readonly container: string
  readonly actor: Actor
}

/** What changes in a row, or a refusal thrown. Nothing: it is as asked for, or on its way there. */
type Decide = (
  row: ContainerRow,
  q: Queries,
  placed: PlacedContainer,
) => Promise<Partial<ContainerRow>> | Partial<ContainerRow>

/**
 * Writes what is wanted of containers: row, reservation, audit entry and operation in one transaction;
 * then wakes the reconciler, which alone makes it true.
 */
export function containerIntents(deps: IntentDeps) {
  const { store, operations } = deps
  const insert = insertion(deps)

  /** Tells whom it concerns, once the transaction is over. */
  function told({ operation, superseded, last }: BegunOn): Change<Container> {
    const { id } = last.row
    deps.wake(id)
    for (const older of superseded) operations.ended(older)
    const fresh = async (): Promise<Container> =>
      containerOf((await store.read.containers.placedById(id)) ?? gone(last), deps.around)
    return { operation, resource: containerOf(last, deps.around), fresh }
  }

  return {
    async create(slug: string, wanted: ContainerCreate, actor: Actor): Promise<Change<Container>> {
      checkFields(wanted)
      const { runtime } = await tenantBySlug(store.read, slug)
      await deps.requireRuntime(wanted.runtime ?? runtime)
      const elsewhere = await rangesFor(deps, slug, wanted)
      const id = deps.newId()
      // The check, the reservation and the insert share one write transaction, so that of two requests
      // for the last of anything one is refused.
      const begun = await store.writeFor(slug, (q) =>
        insert(q, { slug, wanted, actor, id, elsewhere }),
      )
      return told(begun)
    },

    /** Writes a new intent of a container that exists. */
    async change(asked: Asked, verb: Verb, decide: Decide): Promise<Change<Container>> {
      const begun = await store.writeFor(asked.tenant, async (q) => {
        const tenant = await tenantBySlug(q, asked.tenant)
        const placed = await q.containers.find(tenant.id, asked.container)
        if (!placed) throw notFound('container', asked.container)
        const { row } = placed
        refuseStale(asked.actor, { kind: 'container', name: row.name, current: row })
        if (RUNS.has(verb)) refuseIdle(tenant, `Cannot ${verb} container "${row.name}"`)
        if (row.desired === 'absent' && verb !== 'delete') throw conflict(row, verb)
        const decided = await decide(row, q, placed)
        const changed = { ...decided, generation: row.generation + 1 }
        await q.containers.update(row.id, changed)
        // What changes nothing joins what is under way; nor does what is beside it get in its way.
        const supersedes = !BESIDE.has(verb) && Object.keys(decided).length > 0
        const intent = { slug: asked.tenant, actor: asked.actor, verb, supersedes }
        return begin(deps, q, { row: { ...row, ...changed }, ...intent })
      })
      return told(begun)
    },
  }
}

interface Creation {
  readonly slug: string
  readonly wanted: ContainerCreate
  readonly actor: Actor
  readonly id: string
  /** Ranges that are somebody's beside the platform. */
  readonly elsewhere: readonly Cidr[]
}

/** Writes down a new container, if there is room for it. */
function insertion(deps: IntentDeps) {
  const place = placement(deps)
  return async (q: Queries, { slug, wanted, actor, id, elsewhere }: Creation): Promise<BegunOn> => {
    const tenant = await tenantToRun(q, slug, `Cannot create container "${wanted.name}"`)
    await refuseCordoned(q, { ...making(wanted), node: deps.node, isThere: false })
    await refuseTaken(q, tenant.id, wanted.name)
    await refuseAliased(q, { id, tenantId: tenant.id }, wanted.name)
    await refuseRegistry(q, tenant.id, { image: wanted.image, named: deps.registries })
    const facts = { tenant, id, node: deps.node, nowMs: deps.clock.now().getTime() }
    await checkSecrets(q, tenant.id, wanted)
    await checkFirewalls(q, tenant.id, wanted.firewalls)
    const made = newRow(wanted, facts)
    const uses = await usesOf(q, tenant.id, wanted.networks)
    const missing = uses.some(({ network }) => !network) ? POOL_NETWORK : {}
    const amounts = { ...amountsOf(made), ...missing }
    await deps.ledger.admit(q, { tenantId: tenant.id, subject: making(wanted), amounts })
    const first = firstNetwork(place, elsewhere)
    let home: NetworkRow | undefined
    for (const { network: named, ...use } of uses) {
      const network = named ?? (await first(q, tenant.id))
      await checkAliases(q, made, { ...use, network })
      const at = { network, pointer: use.pointer, containerId: id, isHome: home === undefined }
      await place.address(q, { ...use.wanted, ...at })
      home ??= network
    }
    const row = { ...made, networkId: home?.id ?? '' }
    await q.containers.insert(row)
    await claimName(q, row)
    await refuseTooMany(q, tenant.id)
    await deps.events.record(q, containerCreated(row))
    return begin(deps, q, { row, slug, actor, verb: 'create', supersedes: true })
  }
}

/** Its first container brings a tenant's network with it. */
export async function rangesFor(
  { store, elsewhere }: Pick<IntentDeps, 'elsewhere' | 'store'>,
  slug: string,
  { networks }: Pick<ContainerCreate, 'networks'>,
): Promise<readonly Cidr[]> {
  if (networks?.every(({ name }) => name !== DEFAULT_NETWORK)) return []
  const tenant = await store.read.tenants.bySlug(slug)
  const there = tenant && (await store.read.networks.byName(tenant.id, DEFAULT_NETWORK))
  return there ? [] : elsewhere()
}

async function refuseTaken(q: Queries, tenantId: string, name: string): Promise<void> {
  if (isReservedName(name) || (await q.names.owner(tenantId, name))) {
    throw nameTaken('container', name)
  }
}

const making = ({ name }: ContainerCreate) => ({ verb: 'create', kind: 'container', name })

export async function claimName(
  q: Queries,
  { id, tenantId, name }: Pick<ContainerRow, 'id' | 'tenantId' | 'name'>,
): Promise<void> {
  await q.names.claim({ tenantId, name, kind: 'container', resourceId: id })
}

/** Changes after which it is to run. */
const RUNS: ReadonlySet<Verb> = new Set(['start', 'restart'])

/** Changes that leave a container on its way. */
const BESIDE: ReadonlySet<Verb> = new Set(['attach', 'detach', 'rename', 'update'])

/** Changes of its networks. */
const JOINS: ReadonlySet<Verb> = new Set(['attach', 'detach'])

interface Intent {
  readonly row: ContainerRow
  readonly slug: string
  readonly actor: Actor
  readonly verb: Verb
  readonly supersedes: boolean
}

/** What has begun, and the container as the transaction leaves it. */
interface BegunOn extends Begun {
  readonly last: PlacedContainer
}

async function begin(
  { audit, operations, around }: IntentDeps,
  q: Queries,
  { row, slug, actor, verb, supersedes }: Intent,
): Promise<BegunOn> {
  const action = `containers.${verb}`
  const target = `container/${row.name}`
  const tenant = { id: row.tenantId, slug }
  const begun = await operations.begin(q, {
    tenantId: row.tenantId,
    kind: action,
    target: { kind: 'container', id: row.id, name: row.name },
    generation: row.generation,
    supersedes,
    // A new name is the whole of it, and so is what the engine need not be told.
    done: BESIDE.has(verb) && !(JOINS.has(verb) ? row.joiningSince !== null : isResizing(row)),
  })
  const last = await q.containers.placedById(row.id)
  if (!last) throw notFound('container', row.id)
  const output = { operation: begun.operation, resource: containerOf(last, around) }
  await audit.accepted(q, actor, { action, tenant, target, status: 202, output })
  return { ...begun, last }
}

const HINTS: Partial<Record<Verb, string>> = {
  delete: '; stop it first, or delete it with "force"',
}

export const conflict = (row: ContainerRow, verb: Verb) =>
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
