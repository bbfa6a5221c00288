import type { Queries, Store } from '../../db/open.ts'
import type { NetworkRow } from '../../db/queries/networks.ts'
import type { PeeringRow, ShownPeering } from '../../db/queries/peerings.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { Peering, PeeringCreate } from '../contract/peerings.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound, wrongField } from '../core/failure.ts'
import { timeText } from '../core/time-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { EventService } from './events.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface PeeringDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: Pick<AuditService, 'accepted'>
  readonly events: Pick<EventService, 'record'>
  /** Where containers may go has changed. */
  readonly wallsChanged: () => void
  /** Who knows whose names has changed. */
  readonly routesChanged: () => void
}

interface Asking {
  readonly tenant: string
  readonly actor: Actor
}

interface Named extends Asking {
  readonly peering: string
}

const OFFER_MS = 7 * 24 * 60 * 60_000
/** That a tenant has made or offered. */
const MOST_OF_TENANT = 64
const MOST_OF_NETWORK = 16

export const peeringService = (deps: PeeringDeps) => ({
  ...readings(deps),
  create: creating(deps),
  accept: accepting(deps),
  delete: deleting(deps),
})
export type PeeringService = ReturnType<typeof peeringService>

const readings = ({ store, clock }: PeeringDeps) => ({
  async list(slug: string): Promise<{ items: Peering[] }> {
    const tenant = await tenantBySlug(store.read, slug)
    const all = await store.read.peerings.ofTenant(tenant, clock.now().getTime())
    return { items: all.map((one) => peeringOf(one, tenant)) }
  },

  async get(slug: string, id: string): Promise<Peering> {
    const tenant = await tenantBySlug(store.read, slug)
    return peeringOf(await found(store.read, { tenant, id, clock }), tenant)
  },
})

function creating(deps: PeeringDeps) {
  const { store, clock } = deps
  return async (asking: Asking, wanted: PeeringCreate): Promise<Peering> => {
    const made = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant)
      const network = await networkOf(q, tenant, wanted.network)
      const row = await newRow(deps, q, { tenant, network, wanted })
      await q.peerings.insert(row)
      const shown = await found(q, { tenant, id: row.id, clock })
      const output = peeringOf(shown, tenant)
      await noted(deps, q, { asking, verb: 'create', tenant, shown, status: 201, output })
      return output
    })
    changed(deps)
    return made
  }
}

interface Making {
  readonly tenant: TenantRow
  readonly network: NetworkRow
  readonly wanted: PeeringCreate
}

async function newRow(
  { clock, newId }: PeeringDeps,
  q: Queries,
  { tenant, network, wanted }: Making,
): Promise<PeeringRow> {
  const now = clock.now().getTime()
  const { peerNetwork, peerTenant } = wanted
  if ((peerNetwork === undefined) === (peerTenant === undefined)) {
    throw wrongField('#/peerNetwork', 'either another own network or a tenant to offer it to')
  }
  const total = await q.peerings.countMade(tenant.id, now)
  if (total >= MOST_OF_TENANT) throw tooMany('The tenant', MOST_OF_TENANT)
  await refuseFull(q, network, now)
  const made = { id: newId(), tenantId: tenant.id, networkId: network.id, createdAt: now }
  if (peerNetwork === undefined) {
    const peerSlug = peerTenant ?? ''
    if (peerSlug === tenant.slug) throw wrongField('#/peerTenant', 'name the other own network')
    const open = { peerTenantId: null, peerNetworkId: null }
    return { ...made, peerSlug, ...open, expiresAt: now + OFFER_MS }
  }
  const other = await networkOf(q, tenant, peerNetwork)
  await refusePair(q, network, other)
  await refuseFull(q, other, now)
  const peer = { peerSlug: tenant.slug, peerTenantId: tenant.id, peerNetworkId: other.id }
  return { ...made, ...peer, expiresAt: null }
}

function accepting(deps: PeeringDeps) {
  const { store, clock } = deps
  return async (asking: Named, nameOrId: string): Promise<Peering> => {
    const made = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant)
      const { row } = await found(q, { tenant, id: asking.peering, clock })
      const network = await networkOf(q, tenant, nameOrId)
      if (row.peerNetworkId !== null) throw conflict(row.id, 'active', 'it is active already')
      if (row.tenantId === tenant.id) {
        throw conflict(row.id, 'offered', `tenant "${row.peerSlug}" is to accept it`)
      }
      const theirs = await q.networks.byId(row.networkId)
      if (theirs?.desired !== 'present') throw notFound('peering', row.id)
      await refusePair(q, theirs, network)
      await refuseFull(q, network, clock.now().getTime())
      const change = { peerTenantId: tenant.id, peerNetworkId: network.id, expiresAt: null }
      await q.peerings.accept(row.id, change)
      const shown = await found(q, { tenant, id: row.id, clock })
      const output = peeringOf(shown, tenant)
      await noted(deps, q, { asking, verb: 'accept', tenant, shown, status: 200, output })
      return output
    })
    changed(deps)
    return made
  }
}

function deleting(deps: PeeringDeps) {
  const { store, clock } = deps
  /** What is not there, others' and gone already are all answered the same. */
  return async (asking: Named): Promise<null> => {
    await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asking.tenant)
      const all = await q.peerings.ofTenant(tenant, clock.now().getTime())
      const shown = all.find(({ row }) => row.id === asking.peering)
      if (shown) await q.peerings.remove(shown.row.id)
      await noted(deps, q, { asking, verb: 'delete', tenant, shown, status: 204, output: null })
    })
    changed(deps)
    return null
  }
}

function changed({ wallsChanged, routesChanged }: PeeringDeps): void {
  wallsChanged()
  routesChanged()
}

interface Found {
  readonly tenant: TenantRow
  readonly id: string
  readonly clock: Clock
}

async function found(q: Queries, { tenant, id, clock }: Found): Promise<ShownPeering> {
  const all = await q.peerings.ofTenant(tenant, clock.now().getTime())
  const one = all.find(({ row }) => row.id === id)
  if (one) return one
  throw notFound('peering', id)
}

async function networkOf(q: Queries, { id }: TenantRow, nameOrId: string): Promise<NetworkRow> {
  const row = await q.networks.find(id, nameOrId)
  if (row) return row
  throw notFound('network', nameOrId)
}

async function refusePair(q: Queries, one: NetworkRow, other: NetworkRow): Promise<void> {
  if (one.id === other.id) throw wrongField('#/peerNetwork', 'a network reaches itself already')
  const pairs = await q.peerings.active()
  if (!pairs.some((pair) => pair.includes(one.id) && pair.includes(other.id))) return
  throw conflict(`${one.name} and ${other.name}`, 'active', 'they are peers already')
}

async function refuseFull(q: Queries, { id, name }: NetworkRow, nowMs: number): Promise<void> {
  const total = (await q.peerings.ofNetwork(id, nowMs)).length
  if (total >= MOST_OF_NETWORK) throw tooMany(`Network "${name}"`, MOST_OF_NETWORK)
}

const tooMany = (who: string, most: number) =>
  failure('too-many-peerings', `${who} has ${most} peerings and offers, which is the most`, {
    most,
  })

const conflict = (name: string, state: string, why: string) =>
  failure('state-conflict', `Cannot change peering "${name}": ${why}`, {
    kind: 'peering',
    name,
    state,
  })

interface Note {
  readonly asking: Asking & { readonly peering?: string }
  readonly verb: 'accept' | 'create' | 'delete'
  readonly tenant: TenantRow
  /** Undefined: there was nothing to end. */
  readonly shown: ShownPeering | undefined
  readonly status: number
  readonly output: unknown
}

const DONE = { create: 'begun', accept: 'accepted', delete: 'ended' } as const

/** Audit entry and events of a change, inside its transaction: both sides are told. */
async function noted(
  { audit, events }: PeeringDeps,
  q: Queries,
  { asking, verb, tenant, shown, status, output }: Note,
): Promise<void> {
  const id = shown?.row.id ?? asking.peering ?? ''
  const said = { action: `peerings.${verb}`, tenant, target: `peering/${id}`, status, output }
  await audit.accepted(q, asking.actor, said)
  if (!shown) return
  const { tenantId, peerTenantId } = shown.row
  for (const side of new Set([tenantId, peerTenantId])) {
    if (side === null) continue
    // oxlint-disable-next-line no-await-in-loop -- two at most, in one transaction
    await events.record(q, {
      tenantId: side,
      action: `peering.${DONE[verb]}`,
      level: 'info',
      target: { kind: 'peering', id, name: id },
      message: `The peering of "${shown.slug}" with "${shown.row.peerSlug}" was ${DONE[verb]} by "${tenant.slug}"`,
    })
  }
}

/** As one of its two sides sees it. */
function peeringOf({ row, slug, network, peerNetwork }: ShownPeering, viewer: TenantRow): Peering {
  const isOwn = row.peerTenantId === row.tenantId
  const isMade = row.tenantId === viewer.id
  const made = { name: network.name, cidr: network.subnet }
  const accepted = peerNetwork && { name: peerNetwork.name, cidr: peerNetwork.subnet }
  return {
    id: row.id,
    state: accepted === null ? 'offered' : 'active',
    direction: isOwn ? 'own' : isMade ? 'sent' : 'received',
    network: isMade ? made : accepted,
    peer: isMade ? { tenant: row.peerSlug, network: accepted } : { tenant: slug, network: made },
    createdAt: new Date(row.createdAt).toISOString(),
    expiresAt: timeText(row.expiresAt),
  }
}
