import type { Queries, Store } from '../../db/open.ts'
import type { Member } from '../../db/queries/addresses.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Network, NetworkChange, NetworkCreate, NetworkDetails } from '../contract/networks.ts'
import type { Actor } from '../core/actor.ts'
import type { Caller } from '../core/caller.ts'
import type { Cidr } from '../core/cidr.ts'
import { egressProblem } from '../core/egress.ts'
import { failure, nameTaken, notFound, wrongField } from '../core/failure.ts'
import { askedRange } from '../core/ipam.ts'
import { refuseStale } from '../core/precondition.ts'
import { isReservedName } from '../core/reserved-names.ts'
import { noteChange, type NotingDeps } from './change-note.ts'
import type { Elsewhere } from './elsewhere.ts'
import { labelAsked } from './label-asked.ts'
import type { Ledger } from './ledger.ts'
import { networkDetails, networkOf } from './network-view.ts'
import { refuseCordoned } from './node-scheduling.ts'
import {
  DEFAULT_NETWORK,
  PLAIN,
  placement,
  POOL_NETWORK,
  THE_ZONE,
  type NetworkTraits,
  type NewNetwork,
  type PlacementDeps,
} from './placement.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface NetworkDeps extends NotingDeps, PlacementDeps {
  readonly store: Store
  readonly ledger: Pick<Ledger, 'admit'>
  readonly elsewhere: Elsewhere
  /** Where containers may go has changed. */
  readonly wallsChanged: () => void
  readonly wakeNetwork: (networkId: string) => void
  /** Where a name of the world is now, as far as that is known. */
  readonly addressesOf: (name: string) => readonly string[]
}

/** Who asks for something of a tenant's networks. */
interface Asking {
  readonly tenant: string
  readonly actor: Actor
  readonly caller: Pick<Caller, 'tenant'>
}

interface Named extends Asking {
  /** By name or by id. */
  readonly network: string
}

interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly label?: string | undefined
  readonly name?: string | undefined
}

export const networkService = (deps: NetworkDeps) => ({
  ...readings(deps),
  create: creating(deps),
  update: updating(deps),
  delete: deleting(deps),
})
export type NetworkService = ReturnType<typeof networkService>

const readings = ({ store, ...deps }: NetworkDeps) => ({
  async list(slug: string, { limit, cursor, label, name }: ListQuery) {
    const tenant = await tenantBySlug(store.read, slug)
    const rows = await store.read.networks.list(tenant.id, {
      limit,
      namePrefix: name,
      label: labelAsked(label),
      afterName: cursor,
    })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { items: rows.map(networkOf), nextCursor: last?.name ?? null }
  },

  async get(slug: string, nameOrId: string): Promise<NetworkDetails> {
    const tenant = await tenantBySlug(store.read, slug)
    const row = await found(store.read, tenant, nameOrId)
    return networkDetails(store.read, row, knowing(deps))
  },
})

function creating(deps: NetworkDeps) {
  const { store } = deps
  const made = making(deps)
  return async (asking: Asking, wanted: NetworkCreate): Promise<Network> => {
    const { name } = wanted
    const [traits, range] = [traitsOf(wanted, asking), rangeOf(wanted)]
    const elsewhere = await deps.elsewhere()
    return store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant, `Cannot create network "${name}"`)
      const isTaken = isReservedName(name) || (await q.networks.byName(tenant.id, name))
      if (isTaken) throw nameTaken('network', name)
      const row = await made(q, { tenantId: tenant.id, name, traits, range, elsewhere })
      const output = networkOf(row)
      await noted(deps, q, { asking, verb: 'create', row, tenant, status: 201, output })
      return output
    })
  }
}

/** Makes the row of a network, if there is room for it. */
function making(deps: NetworkDeps) {
  const place = placement(deps)
  return async (q: Queries, wanted: NewNetwork): Promise<NetworkRow> => {
    const { tenantId, name, range } = wanted
    const subject = { verb: 'create', kind: 'network', name }
    await refuseCordoned(q, { ...subject, node: deps.node, isThere: false })
    const amounts = range ? { networks: 1, addresses: range.size } : POOL_NETWORK
    await deps.ledger.admit(q, { tenantId, subject, amounts })
    return place.newNetwork(q, wanted)
  }
}

function updating(deps: NetworkDeps) {
  const { store } = deps
  const made = making(deps)
  return async (asking: Named, change: NetworkChange): Promise<NetworkDetails> => {
    const isDefault = asking.network === DEFAULT_NETWORK
    const elsewhere = isDefault ? await deps.elsewhere() : []
    const changed = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(
        q,
        asking.tenant,
        `Cannot change network "${asking.network}"`,
      )
      const there = await q.networks.find(tenant.id, asking.network)
      if (!there && !isDefault) throw notFound('network', asking.network)
      const first = { tenantId: tenant.id, name: DEFAULT_NETWORK, traits: PLAIN, elsewhere }
      const was = there ?? (await made(q, first))
      refuseStale(asking.actor, { kind: 'network', name: was.name, current: networkOf(was) })
      const traits = traitsOf(changedBy(networkOf(was), change), asking, was)
      const row = { ...was, ...traits, generation: was.generation + 1 }
      await q.networks.update(row.id, { ...traits, generation: row.generation })
      const output = await networkDetails(q, row, knowing(deps))
      await noted(deps, q, { asking, verb: 'update', row, tenant, status: 200, output })
      return output
    })
    deps.wallsChanged()
    return changed
  }
}

function deleting(deps: NetworkDeps) {
  const { store } = deps
  /** What is not there, another's and gone already are all answered the same. */
  return async (asking: Omit<Named, 'caller'>): Promise<null> => {
    const id = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asking.tenant)
      const row = await q.networks.find(tenant.id, asking.network)
      if ((row?.name ?? asking.network) === DEFAULT_NETWORK) throw staysThere(tenant)
      if (!row) {
        await noted(deps, q, { asking, verb: 'delete', tenant, status: 204, output: null })
        return undefined
      }
      const members = await q.addresses.membersOf(row.id)
      if (members.length > 0) throw inUse(row, members)
      const peerings = await q.peerings.ofNetwork(row.id, deps.clock.now().getTime())
      if (peerings.length > 0) throw isPeered(row, peerings)
      const generation = row.generation + 1
      await q.networks.update(row.id, { desired: 'absent', generation })
      await noted(deps, q, { asking, verb: 'delete', row, tenant, status: 204, output: null })
      return row.id
    })
    if (id !== undefined) deps.wakeNetwork(id)
    return null
  }
}

const knowing = ({
  clock,
  rests,
  addressesOf,
}: Pick<NetworkDeps, 'addressesOf' | 'clock' | 'rests'>) => ({
  takenSinceMs: clock.now().getTime() - rests.addressMs,
  addressesOf,
})

async function found(q: Queries, { id }: TenantRow, nameOrId: string): Promise<NetworkRow> {
  const row = await q.networks.find(id, nameOrId)
  if (row) return row
  throw notFound('network', nameOrId)
}

type Verb = 'create' | 'delete' | 'update'

interface Note {
  readonly asking: Pick<Asking, 'actor'> & { readonly network?: string }
  readonly verb: Verb
  readonly tenant: TenantRow
  /** Undefined: there was nothing to delete. */
  readonly row?: NetworkRow
  readonly status: number
  readonly output: unknown
}

const DONE = {
  create: { action: 'network.created', says: 'was created' },
  update: { action: 'network.changed', says: 'was changed' },
  delete: { action: 'network.deleting', says: 'is being deleted' },
} as const satisfies Record<Verb, { action: string; says: string }>

function noted(
  deps: NetworkDeps,
  q: Queries,
  { asking, verb, tenant, row, status, output }: Note,
): Promise<void> {
  const name = row?.name ?? asking.network ?? ''
  const { action, says } = DONE[verb]
  return noteChange(deps, q, {
    actor: asking.actor,
    tenant,
    action: `networks.${verb}`,
    target: `network/${name}`,
    status,
    output,
    event: row && {
      action,
      target: { kind: 'network', id: row.id, name },
      message: `Network "${name}" ${says}`,
    },
  })
}

const changedBy = (was: Network, change: NetworkChange): TraitsAsked => ({
  zone: was.zone,
  labels: change.labels ?? was.labels,
  ingress: change.ingress ?? was.ingress,
  egress: change.egress ?? was.egress,
  smtp: change.smtp ?? was.smtp,
  within: change.within ?? was.within,
})

interface TraitsAsked {
  readonly zone?: string | undefined
  readonly labels?: Network['labels'] | undefined
  readonly ingress: boolean
  readonly egress: Network['egress']
  readonly smtp: boolean
  readonly within: Network['within']
}

/** What is asked for, if it may be; `was`: what there is already. */
function traitsOf(wanted: TraitsAsked, { caller }: Asking, was?: NetworkRow): NetworkTraits {
  const { zone = THE_ZONE, labels = {}, ingress, egress, smtp, within } = wanted
  if (zone !== THE_ZONE) throw wrongField('#/zone', `there is no zone but "${THE_ZONE}"`)
  if (smtp && was?.smtp !== true && caller.tenant !== null) {
    throw wrongField('#/smtp', 'port 25 is opened by an operator of the platform alone')
  }
  const problem = typeof egress === 'string' ? undefined : egressProblem(egress)
  if (problem) throw wrongField(`#/egress/${problem.index}/${problem.field}`, problem.detail)
  const [labelsJson, egressJson] = [JSON.stringify(labels), JSON.stringify(egress)]
  return { zone, labelsJson, ingress, egressJson, smtp, within }
}

function rangeOf({ cidr }: NetworkCreate): Cidr | undefined {
  if (cidr === undefined) return undefined
  const asked = askedRange(cidr)
  if (asked.ok) return asked.range
  throw wrongField('#/cidr', asked.reason)
}

const staysThere = ({ slug }: TenantRow) =>
  failure(
    'state-conflict',
    `Cannot delete network "${DEFAULT_NETWORK}": containers that name no network are in it; it goes with tenant "${slug}"`,
    { kind: 'network', name: DEFAULT_NETWORK, state: 'needed' },
  )

const isPeered = ({ name }: NetworkRow, peerings: readonly string[]) =>
  failure(
    'state-conflict',
    `Cannot delete network "${name}": it is peered or offered (${peerings.join(', ')}); end that first`,
    { kind: 'network', name, state: 'peered' },
  )

/** So many are named in the sentence; the list beside it is whole up to its own bound. */
const NAMES_TOLD = 5
const MOST_MEMBERS_TOLD = 100

function inUse({ name }: NetworkRow, all: readonly Member[]) {
  const names = all.map((one) => one.name)
  const rest = names.length > NAMES_TOLD ? ', …' : ''
  const who = `${names.length} containers are in it (${names.slice(0, NAMES_TOLD).join(', ')}${rest})`
  return failure('network-in-use', `Cannot delete network "${name}": ${who}; take them out first`, {
    network: name,
    members: names.slice(0, MOST_MEMBERS_TOLD),
  })
}
