import type { Scheduling } from '../../src/core/scheduling.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import { overlaps, parseCidr } from '../../src/core/cidr.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { networksOf } from '../../src/reconcile/placed-endpoints.ts'
import { accountOfTenant } from '../../src/services/ledger.ts'
import { isUp, type EngineHost, type HostContainer } from '../fakes/engine-host.ts'
import { INSTANCE } from '../support/control-plane.ts'
import { MOST_CONTAINERS, TENANTS, type Clients, type Desired } from './clients.ts'
import type { Running } from './land.ts'
import type { Operators } from './operators.ts'

interface Seen {
  readonly host: EngineHost
  readonly clients: Clients
  readonly operators: Operators
  readonly running: Running
}

/** What holds at every moment, whatever goes wrong. */
export async function brokenNow({ clients, operators, running }: Seen): Promise<string[]> {
  const { control } = running
  const found = [...clients.broken, ...operators.broken]
  const owners = new Map([...clients.known.values()].map(({ id, tenant }) => [id, tenant]))
  for (const slug of await running.store.read.tenants.liveSlugs()) {
    const { items } = await control.containers.list(slug, { limit: 100 })
    for (const { id } of items) {
      const owner = owners.get(id)
      if (owner !== undefined && owner !== slug) found.push(`${slug} sees ${id} of ${owner}`)
    }
    if (items.length > MOST_CONTAINERS) found.push(`${slug} has ${items.length} containers`)
  }
  for (const { key, bodies } of clients.creations) {
    if (bodies.size > 1) found.push(`"${key}" was answered in ${bodies.size} ways`)
  }
  return [...found, ...(await bereft(running))]
}

/** A tenant is gone only when its containers and networks are. */
async function bereft({ store: { read } }: Running): Promise<string[]> {
  const slugs = new Set(await read.tenants.liveSlugs())
  const containers = (await read.containers.live()).filter(({ tenant }) => !slugs.has(tenant))
  const networks = await read.networks.liveOfDeletedTenants()
  return [
    ...containers.map(({ row, tenant }) => `${row.id} has outlived ${tenant}`),
    ...networks.map(({ network, slug }) => `network ${network.id} has outlived ${slug}`),
  ]
}

/** The sum of the quota is what is there. */
async function overdrawn({ running: { store } }: Seen): Promise<string[]> {
  const placed = await store.read.containers.live()
  const found: string[] = []
  for (const slug of TENANTS) {
    const tenant = await store.read.tenants.bySlug(slug)
    const { reserved } = await accountOfTenant(store.read, tenant?.id ?? '')
    const rows = placed.filter((one) => one.tenant === slug).map(({ row }) => row)
    const is = { containers: rows.length, memoryBytes: sum(rows.map((row) => row.memoryBytes)) }
    const due = { containers: reserved.containers ?? 0, memoryBytes: reserved.memoryBytes ?? 0 }
    const [left, right] = [JSON.stringify(is), JSON.stringify(due)]
    if (left !== right) found.push(`${slug} has ${left}, and ${right} is reserved`)
  }
  return found
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** No two networks have an address in common, no two containers the same, and what was to go is gone. */
async function addressing({ running: { store } }: Seen): Promise<string[]> {
  const rows = await store.read.networks.live()
  const ranges = rows.flatMap(({ id, subnet }) => {
    const range = parseCidr(subnet)
    return range ? [{ id, range }] : []
  })
  const placed = await store.read.containers.live()
  const all = placed.flatMap((one) => [one.address, ...one.further.map(({ address }) => address)])
  return [
    ...ranges.flatMap((one, i) =>
      ranges
        .slice(i + 1)
        .filter((other) => overlaps(one.range, other.range))
        .map((other) => `networks ${one.id} and ${other.id} overlap`),
    ),
    ...all.filter((one, i) => all.indexOf(one) < i).map((one) => `${one} is two containers'`),
    ...rows
      .filter(({ desired }) => desired === 'absent')
      .map(({ id }) => `network ${id} is not gone yet`),
  ]
}

/** What holds once nothing has gone wrong for a while. */
export async function brokenAtRest(seen: Seen): Promise<string[]> {
  const placed = await seen.running.store.read.containers.live()
  const scheduling = await schedulingNow(seen)
  return [
    ...(await brokenNow(seen)),
    ...(await overdrawn(seen)),
    ...(await addressing(seen)),
    ...(await forgotten(seen)),
    ...(await unfinished(seen)),
    ...(await isolation(seen)),
    ...(await lives(seen)),
    ...(await machine(seen)),
    ...placed.flatMap((one) => differences(one, seen.host, scheduling)),
    ...(await orphans(seen, placed)),
  ]
}

/** Whatever was asked of what is its tenant's, that one is gone. */
const GONE: ReadonlySet<Desired> = new Set(['absent'])

/** Every write that was acknowledged is there. */
async function forgotten({ clients, operators, running }: Seen): Promise<string[]> {
  const found: string[] = []
  for (const { id, tenant, possible: asked } of clients.known.values()) {
    const possible = operators.doomed.has(tenant) ? GONE : asked
    const row = await running.store.read.containers.byId(id)
    if (!row) found.push(`${id} was acknowledged, and is not there`)
    else if (!possible.has(row.desired)) {
      found.push(`${id} is to be ${row.desired}, and was asked to be ${[...possible].join(' or ')}`)
    }
    if (row?.desired === 'absent' && row.removedAt === null) found.push(`${id} is not gone yet`)
  }
  return found
}

async function unfinished({ clients, operators, running }: Seen): Promise<string[]> {
  const found: string[] = []
  for (const { id } of [...clients.operations, ...operators.operations]) {
    const row = await running.store.read.operations.byId(id)
    if (!row) found.push(`operation ${id} was acknowledged, and is not there`)
    else if (row.state === 'pending' || row.state === 'running') {
      found.push(`operation ${id} of ${row.targetId} is ${row.state}, at ${row.step ?? 'no step'}`)
    }
  }
  return found
}

/** Who is suspended runs nothing, who is deleted has nothing, and nothing is under way any more. */
async function lives({ operators, running, host }: Seen): Promise<string[]> {
  const { read } = running.store
  const found = (await read.operations.openTargets()).map((id) => `${id} has an open operation`)
  for (const [slug, { possible }] of operators.suspended) {
    const row = await read.tenants.bySlug(slug)
    const mine = [...host.containers.values()].filter(({ wanted }) => wanted.tenant === slug)
    if (operators.doomed.has(slug)) {
      if (row || mine.length > 0) found.push(`${slug} is not gone, with ${mine.length} containers`)
      continue
    }
    if (!row) found.push(`${slug} is gone, and nobody has asked for it`)
    const isSuspended = row?.suspendedAt !== null
    if (!possible.has(isSuspended)) found.push(`${slug} is suspended, or not, unasked`)
    if (isSuspended && mine.some(isUp)) found.push(`${slug} is suspended, and runs something`)
  }
  return found
}

const schedulingNow = async ({ running }: Seen): Promise<Scheduling> =>
  (await running.store.read.nodes.all())[0]?.scheduling ?? 'open'

/** The machine takes what it was last said to take, and runs nothing while it is drained. */
async function machine(seen: Seen): Promise<string[]> {
  const scheduling = await schedulingNow(seen)
  const { possible } = seen.operators.node
  const up = [...seen.host.containers.values()].filter(isUp).length
  return [
    ...(possible.has(scheduling) ? [] : [`the machine is ${scheduling}, unasked`]),
    ...(scheduling === 'drained' && up > 0 ? [`${up} containers run on a drained machine`] : []),
  ]
}

/** No tenant finds what is another's, by its id either. */
async function isolation({ clients, running }: Seen): Promise<string[]> {
  const found: string[] = []
  for (const { id, tenant } of clients.known.values()) {
    for (const other of TENANTS.filter((slug) => slug !== tenant)) {
      const shown = await running.control.containers.get(other, id).catch(() => undefined)
      if (shown) found.push(`${other} can read ${id} of ${tenant}`)
    }
  }
  return found
}

/** Desired is actual. */
function differences(placed: PlacedContainer, host: EngineHost, scheduling: Scheduling): string[] {
  const { row, tenant } = placed
  const name = dockerName(tenant, 'container', row.id)
  const object = host.containers.get(name)
  const found: string[] = []
  const runs = object !== undefined && isUp(object)
  const isToRun = row.desired === 'running' && row.state === 'running'
  const isHeld =
    row.desired === 'running' && (scheduling === 'drained' || placed.suspendedAt !== null)
  const ended = isHeld ? ['stopped', 'exited', 'failed'] : ['running', 'exited']
  // What has failed is not started again where nothing new is.
  const allowed = scheduling === 'open' ? ended : [...ended, 'failed']
  if (row.desired === 'running' && !allowed.includes(row.state)) {
    found.push(`${name} is ${row.state}, and is to run (${row.reasonMessage ?? ''})`)
  }
  if (row.desired === 'stopped' && row.state !== 'stopped') {
    found.push(`${name} is ${row.state}, and is to be stopped`)
  }
  if (isToRun !== runs) found.push(`${name} is ${row.state} and the engine has ${object?.status}`)
  if (object?.status === 'paused') found.push(`${name} is paused`)
  const networks = networksOf(placed).toSorted()
  if (row.joiningSince !== null || placed.further.some(({ isLeaving }) => isLeaving)) {
    found.push(`${name} is still on its way between networks`)
  }
  return object ? [...found, ...misfits(object, row, networks)] : found
}

function misfits(
  object: HostContainer,
  row: PlacedContainer['row'],
  networks: readonly string[],
): string[] {
  const { name, wanted, set } = object
  const { memoryBytes, cpuMilli, cpuShares, pids } = row
  const is = JSON.stringify({ ...set, networks: set.networks.toSorted() })
  const limits = { memoryBytes, cpuMilli, cpuShares, pids }
  const order = Object.keys(set)
  const made = { ...limits, restart: 'no', networks }
  const due = JSON.stringify(Object.fromEntries(order.map((key) => [key, Reflect.get(made, key)])))
  return [
    ...(is === due ? [] : [`${name} is set to ${is}, not to ${due}`]),
    ...(wanted.id === row.id ? [] : [`${name} is ${wanted.id}, not ${row.id}`]),
    // One that rests is made anew when it is to run.
    ...(isUp(object) && wanted.spec === '1-another' ? [`${name} was made by another hand`] : []),
  ]
}

async function orphans({ host, running }: Seen, placed: readonly PlacedContainer[]) {
  const names = new Set(placed.map(({ row, tenant }) => dockerName(tenant, 'container', row.id)))
  const networks = new Set((await running.store.read.networks.live()).map(({ id }) => id))
  return [
    ...[...host.containers.keys()].filter((name) => !names.has(name)),
    ...[...host.networks.values()]
      .filter(({ instance, wanted }) => instance === INSTANCE && !networks.has(wanted.id))
      .map(({ wanted }) => wanted.name),
  ].map((name) => `${name} is an orphan`)
}
