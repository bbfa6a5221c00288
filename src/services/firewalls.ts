import type { Queries, Store } from '../../db/open.ts'
import type { FirewallRow } from '../../db/queries/firewalls.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type {
  Firewall,
  FirewallChange,
  FirewallCreate,
  FirewallDetails,
} from '../contract/firewalls.ts'
import type { Actor } from '../core/actor.ts'
import { failure, nameTaken, notFound, wrongField } from '../core/failure.ts'
import { ruleProblem } from '../core/firewall-rules.ts'
import { refuseStale } from '../core/precondition.ts'
import type { Clock } from '../ports/clock.ts'
import { noteChange, type NotingDeps } from './change-note.ts'
import { refuseTooMany } from './firewall-checks.ts'
import { labelAsked } from './label-asked.ts'
import { tenantBySlug, tenantToFill } from './tenant-lookup.ts'

export interface FirewallDeps extends NotingDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  /** What containers may has changed. */
  readonly wallsChanged: () => void
}

interface Asking {
  readonly tenant: string
  readonly actor: Actor
}

interface Named extends Asking {
  /** By name or by id. */
  readonly firewall: string
}

interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly label?: string | undefined
  readonly name?: string | undefined
}

const MOST_FIREWALLS = 64

export const firewallService = (deps: FirewallDeps) => ({
  ...readings(deps),
  create: creating(deps),
  update: updating(deps),
  delete: deleting(deps),
})
export type FirewallService = ReturnType<typeof firewallService>

const readings = ({ store }: FirewallDeps) => ({
  async list(slug: string, { limit, cursor, label, name }: ListQuery) {
    const tenant = await tenantBySlug(store.read, slug)
    const rows = await store.read.firewalls.list(tenant.id, {
      limit,
      namePrefix: name,
      label: labelAsked(label),
      afterName: cursor,
    })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { items: rows.map(firewallOf), nextCursor: last?.name ?? null }
  },

  async get(slug: string, nameOrId: string): Promise<FirewallDetails> {
    const tenant = await tenantBySlug(store.read, slug)
    const row = await store.read.firewalls.find(tenant.id, nameOrId)
    if (!row) throw notFound('firewall', nameOrId)
    return detailsOf(store.read, row)
  },
})

function creating(deps: FirewallDeps) {
  const { store, clock, newId } = deps
  return async (asking: Asking, wanted: FirewallCreate): Promise<Firewall> => {
    const { name, labels = {}, ...rules } = wanted
    return store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(q, asking.tenant, `Cannot create firewall "${name}"`)
      if (await q.firewalls.find(tenant.id, name)) throw nameTaken('firewall', name)
      const total = await q.firewalls.countOf(tenant.id)
      if (total >= MOST_FIREWALLS) throw tooMany(total)
      await checkRules(q, tenant, { name, ...rules })
      const createdAt = clock.now().getTime()
      const of = { id: newId(), tenantId: tenant.id, name, generation: 1, createdAt }
      const row: FirewallRow = { ...of, ...columnsOf({ ...rules, labels }) }
      await q.firewalls.insert(row)
      const output = firewallOf(row)
      await noted(deps, q, { asking, verb: 'create', tenant, name, row, status: 201, output })
      return output
    })
  }
}

function updating(deps: FirewallDeps) {
  const { store } = deps
  return async (asking: Named, change: FirewallChange): Promise<FirewallDetails> => {
    const changed = await store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantToFill(
        q,
        asking.tenant,
        `Cannot change firewall "${asking.firewall}"`,
      )
      const was = await q.firewalls.find(tenant.id, asking.firewall)
      if (!was) throw notFound('firewall', asking.firewall)
      const { name } = was
      refuseStale(asking.actor, { kind: 'firewall', name, current: firewallOf(was) })
      const wanted = changedBy(firewallOf(was), change)
      await checkRules(q, tenant, wanted)
      const row = { ...was, ...columnsOf(wanted), generation: was.generation + 1 }
      await q.firewalls.update(row.id, row)
      await refuseTooMany(q, tenant.id)
      const output = await detailsOf(q, row)
      await noted(deps, q, { asking, verb: 'update', tenant, name, row, status: 200, output })
      return output
    })
    deps.wallsChanged()
    return changed
  }
}

function deleting(deps: FirewallDeps) {
  const { store } = deps
  /** What is not there, another's and gone already are all answered the same. */
  return async (asking: Named): Promise<null> =>
    store.writeFor(asking.tenant, async (q) => {
      const tenant = await tenantBySlug(q, asking.tenant)
      const row = await q.firewalls.find(tenant.id, asking.firewall)
      const name = row?.name ?? asking.firewall
      if (row) {
        await refuseUsed(q, row)
        await q.firewalls.remove(row.id)
      }
      await noted(deps, q, { asking, verb: 'delete', tenant, name, row, status: 204, output: null })
      return null
    })
}

const changedBy = (was: Firewall, { ingress, egress, labels }: FirewallChange): Firewall => ({
  ...was,
  // null is a word of its own here: it guards that no more.
  ingress: ingress === undefined ? was.ingress : ingress,
  egress: egress === undefined ? was.egress : egress,
  labels: labels ?? was.labels,
})

const columnsOf = ({
  ingress,
  egress,
  labels,
}: Pick<Firewall, 'egress' | 'ingress' | 'labels'>) => ({
  ingressJson: JSON.stringify(ingress),
  egressJson: JSON.stringify(egress),
  labelsJson: JSON.stringify(labels),
})

/** A rule may name its own firewall, and others that are there. */
async function checkRules(
  q: Queries,
  { id }: TenantRow,
  { name, ingress, egress }: Pick<Firewall, 'egress' | 'ingress' | 'name'>,
): Promise<void> {
  const there = new Set([name, ...(await q.firewalls.ofTenant(id)).map((one) => one.name)])
  for (const [direction, rules] of Object.entries({ ingress, egress })) {
    const problem = ruleProblem(rules ?? [], (one) => there.has(one))
    if (!problem) continue
    throw wrongField(`#/${direction}/${problem.index}/${problem.field}`, problem.detail)
  }
}

async function refuseUsed(q: Queries, row: FirewallRow): Promise<void> {
  const containers = await q.containers.withFirewall(row.tenantId, row.name)
  const others = (await q.firewalls.ofTenant(row.tenantId)).filter(
    (one) => one.id !== row.id && names(one, row.name),
  )
  const firewalls = others.map(({ name }) => name)
  if (containers.length + firewalls.length === 0) return
  const who = [
    containers.length > 0 ? `carried by ${told(containers)}` : '',
    firewalls.length > 0 ? `named by rules of ${told(firewalls)}` : '',
  ].filter((one) => one !== '')
  const message = `Cannot delete firewall "${row.name}": it is ${who.join(', and ')}`
  throw failure('firewall-in-use', message, {
    firewall: row.name,
    containers: containers.slice(0, MOST_TOLD),
    firewalls,
  })
}

/** So many are named in the sentence; the list beside it is whole up to its own bound. */
const NAMES_TOLD = 5
const MOST_TOLD = 100

const told = (all: readonly string[]): string =>
  [...all.slice(0, NAMES_TOLD), ...(all.length > NAMES_TOLD ? ['…'] : [])].join(', ')

const names = (row: FirewallRow, firewall: string): boolean =>
  [firewallOf(row).ingress, firewallOf(row).egress].some(
    (rules) => rules?.some((rule) => rule.firewall === firewall) === true,
  )

const tooMany = (total: number) =>
  failure('too-many-rules', `There are ${total} firewalls already, which is the most of a tenant`, {
    entries: total + 1,
    most: MOST_FIREWALLS,
  })

interface Note {
  readonly asking: Asking
  readonly verb: 'create' | 'delete' | 'update'
  readonly tenant: TenantRow
  readonly name: string
  /** Undefined: there was nothing to delete. */
  readonly row: FirewallRow | undefined
  readonly status: number
  readonly output: unknown
}

const DONE = { create: 'created', update: 'changed', delete: 'deleted' } as const

const noted = (
  deps: FirewallDeps,
  q: Queries,
  { asking, verb, tenant, name, row, status, output }: Note,
): Promise<void> =>
  noteChange(deps, q, {
    actor: asking.actor,
    tenant,
    action: `firewalls.${verb}`,
    target: `firewall/${name}`,
    status,
    output,
    event: row && {
      action: `firewall.${DONE[verb]}`,
      target: { kind: 'firewall', id: row.id, name },
      message: `Firewall "${name}" was ${DONE[verb]}`,
    },
  })

/** Written by this service alone, from what the contract has parsed. */
function firewallOf(row: FirewallRow): Firewall {
  const ingress: Firewall['ingress'] = JSON.parse(row.ingressJson)
  const egress: Firewall['egress'] = JSON.parse(row.egressJson)
  const labels: Firewall['labels'] = JSON.parse(row.labelsJson)
  const { id, name, generation, createdAt } = row
  return {
    id,
    name,
    ingress,
    egress,
    labels,
    generation,
    createdAt: new Date(createdAt).toISOString(),
  }
}

const detailsOf = async (q: Queries, row: FirewallRow): Promise<FirewallDetails> => ({
  ...firewallOf(row),
  containers: await q.containers.withFirewall(row.tenantId, row.name),
})
