import { shownState } from '../src/core/container-plan.ts'
import type { Amounts } from '../src/core/quota.ts'
import { largestOf } from '../src/core/resize.ts'
import { amountsOf, type ContainerPage, type PlacedContainer } from './queries/containers.ts'
import type { NodeRow } from './queries/nodes.ts'
import type { TenantRow } from './queries/tenants.ts'

/** Rows as a transaction leaves them; undefined or gone where there is none that lives. */
export interface MirrorChange {
  readonly containers: ReadonlyMap<string, PlacedContainer | undefined>
  readonly tenants: ReadonlyMap<string, TenantRow | undefined>
  /** All there are, where any has changed. */
  readonly nodes: readonly NodeRow[] | undefined
}

/** Everything there is. */
export interface MirrorContent {
  readonly placed: readonly PlacedContainer[]
  readonly tenants: readonly TenantRow[]
  readonly nodes: readonly NodeRow[]
}

interface TenantContainers {
  readonly byName: Map<string, PlacedContainer>
  readonly byId: Map<string, PlacedContainer>
  /** All names in order, made when a list first asks for it. */
  names: readonly string[] | undefined
}

/**
 * What is read on every request, in memory: living containers, tenants and nodes, the same rows that the
 * queries of these names find in the database (`test/db/mirror.test.ts` holds the two together). It
 * changes as a whole, after a commit and before the commit is told to anyone.
 */
export function mirror() {
  const containers = containerTable()
  const tenants = tenantTable()
  let nodes: readonly NodeRow[] = []
  return {
    apply(change: MirrorChange): void {
      for (const [id, row] of change.tenants) tenants.set(id, row)
      for (const [id, placed] of change.containers) containers.set(id, placed)
      nodes = change.nodes ?? nodes
    },
    /** Everything anew. */
    replace(content: MirrorContent): void {
      containers.clear()
      tenants.clear()
      for (const row of content.tenants) tenants.set(row.id, row)
      for (const one of content.placed) containers.set(one.row.id, one)
      nodes = content.nodes
    },
    containers: containers.readings,
    tenants: tenants.readings,
    nodes: { all: async (): Promise<NodeRow[]> => [...nodes] },
  }
}

function tenantTable() {
  const byId = new Map<string, TenantRow>()
  const bySlug = new Map<string, TenantRow>()
  return {
    set(id: string, row: TenantRow | undefined): void {
      const old = byId.get(id)
      if (old && bySlug.get(old.slug) === old) bySlug.delete(old.slug)
      byId.delete(id)
      if (!row || row.deletedAt !== null) return
      const kept = Object.freeze(row)
      byId.set(id, kept)
      bySlug.set(kept.slug, kept)
    },
    clear(): void {
      byId.clear()
      bySlug.clear()
    },
    readings: {
      bySlug: async (slug: string): Promise<TenantRow | undefined> => bySlug.get(slug),
      liveSlugs: async (): Promise<string[]> => [...bySlug.keys()],
      allLive: async (): Promise<TenantRow[]> => [...byId.values()],
    },
  }
}

function containerTable() {
  const byId = new Map<string, PlacedContainer>()
  const byTenant = new Map<string, TenantContainers>()

  function remove(id: string): void {
    const old = byId.get(id)
    const mine = old && byTenant.get(old.row.tenantId)
    if (!old || !mine) return
    byId.delete(id)
    mine.byId.delete(id)
    // Two may have changed names in one transaction: the name may be another's by now.
    if (mine.byName.get(old.row.name) === old) mine.byName.delete(old.row.name)
    mine.names = undefined
    if (mine.byId.size === 0) byTenant.delete(old.row.tenantId)
  }

  function put(placed: PlacedContainer): void {
    const { id, tenantId, name } = placed.row
    const mine = byTenant.get(tenantId) ?? newTable()
    const names = byId.get(id)?.row.name === name ? mine.names : undefined
    remove(id)
    byTenant.set(tenantId, mine)
    byId.set(id, placed)
    mine.byId.set(id, placed)
    mine.byName.set(name, placed)
    mine.names = names
  }

  return {
    set(id: string, placed: PlacedContainer | undefined): void {
      if (!placed || placed.row.removedAt !== null) remove(id)
      else put(frozen(placed))
    },
    clear(): void {
      byId.clear()
      byTenant.clear()
    },
    readings: containerReadings(byId, byTenant),
  }
}

const newTable = (): TenantContainers => ({ byName: new Map(), byId: new Map(), names: undefined })

/** Many readers share a row for as long as it is as it is, so none may change it. */
function frozen(placed: PlacedContainer): PlacedContainer {
  Object.freeze(placed.row)
  Object.freeze(placed.network)
  Object.freeze(placed.further)
  return Object.freeze(placed)
}

function containerReadings(
  byId: ReadonlyMap<string, PlacedContainer>,
  byTenant: ReadonlyMap<string, TenantContainers>,
) {
  return {
    placedById: async (id: string): Promise<PlacedContainer | undefined> => byId.get(id),

    async find(tenantId: string, nameOrId: string): Promise<PlacedContainer | undefined> {
      const mine = byTenant.get(tenantId)
      return mine?.byName.get(nameOrId) ?? mine?.byId.get(nameOrId)
    },

    async ofTenant(tenantId: string): Promise<PlacedContainer[]> {
      const mine = byTenant.get(tenantId)
      return namesOf(mine).flatMap((name) => mine?.byName.get(name) ?? [])
    },

    async findAll(tenantId: string, namesOrIds: readonly string[]): Promise<PlacedContainer[]> {
      const mine = byTenant.get(tenantId)
      const found = namesOrIds.flatMap((one) => [mine?.byName.get(one), mine?.byId.get(one)])
      return [...new Set(found)].filter((one) => one !== undefined)
    },

    async list(tenantId: string, page: ContainerPage): Promise<PlacedContainer[]> {
      const mine = byTenant.get(tenantId)
      const names = namesOf(mine)
      const found: PlacedContainer[] = []
      for (let at = firstAfter(names, page.afterName); at < names.length; at++) {
        const placed = mine?.byName.get(names[at] ?? '')
        if (placed && isWanted(placed, page)) found.push(placed)
        if (found.length === page.limit) break
      }
      return found
    },

    live: async (): Promise<PlacedContainer[]> => [...byId.values()],

    countLive: async (tenantId: string): Promise<number> => byTenant.get(tenantId)?.byId.size ?? 0,

    async reservedBy(tenantIds: readonly string[]): Promise<ReadonlyMap<string, Amounts>> {
      return new Map(
        tenantIds.flatMap((id) => {
          const mine = byTenant.get(id)
          return mine ? [[id, reservedOf(mine.byId.values())] as const] : []
        }),
      )
    },

    reservedByAll: async (): Promise<Amounts> => reservedOf(byId.values()),
  }
}

/** In order, which is made when it is first asked for. */
function namesOf(mine: TenantContainers | undefined): readonly string[] {
  if (!mine) return []
  mine.names ??= [...mine.byName.keys()].toSorted()
  return mine.names
}

function reservedOf(all: Iterable<PlacedContainer>): Amounts {
  const sums = { containers: 0, cpuMilli: 0, memoryBytes: 0, pids: 0 }
  for (const { row } of all) {
    // As the database sums them: one that is being resized holds the larger of old and new.
    const held = largestOf(row)
    sums.containers++
    sums.cpuMilli += held.cpuMilli
    sums.memoryBytes += held.memoryBytes
    sums.pids += held.pids
  }
  return amountsOf(sums)
}

function firstAfter(names: readonly string[], afterName: string | undefined): number {
  if (afterName === undefined) return 0
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] ?? '') <= afterName) low = middle + 1
    else high = middle
  }
  return low
}

function isWanted({ row }: PlacedContainer, page: ContainerPage): boolean {
  const { state, namePrefix, label, among } = page
  if (among && !among.includes(row.name) && !among.includes(row.id)) return false
  if (state !== undefined && shownState(row) !== state) return false
  if (namePrefix !== undefined && !row.name.startsWith(namePrefix)) return false
  return label === undefined || isLabelled(row.specJson, label)
}

/** The spec was written by the container service alone, from a parsed one. */
function isLabelled(specJson: string, { key, value }: NonNullable<ContainerPage['label']>) {
  const { labels = {} }: { readonly labels?: Readonly<Record<string, string>> } =
    JSON.parse(specJson)
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}
