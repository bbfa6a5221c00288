import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import type { ContainerChange } from '../contract/container-change.ts'
import type { NetworkAttach } from '../contract/container-networks.ts'
import type { Container, ContainerCreate, ContainerState } from '../contract/containers.ts'
import { finishedPage } from '../contract/finished.ts'
import type { Actor } from '../core/actor.ts'
import { nameTaken, notFound } from '../core/failure.ts'
import { isWithin, type Named, type Reach } from '../core/reach.ts'
import { isReservedName } from '../core/reserved-names.ts'
import type { Change } from './change.ts'
import { resizing } from './container-resize.ts'
import { containerAnswers, type ContainerAnswer } from './container-answers.ts'
import {
  claimName,
  conflict,
  containerIntents,
  rangesFor,
  type Asked,
  type IntentDeps,
  type Verb,
} from './container-intents.ts'
import { networkChanges, refuseAliased } from './container-networks.ts'
import { containerOf } from './container-view.ts'
import { labelAsked } from './label-asked.ts'
import { refuseCordoned } from './node-scheduling.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface ContainerDeps extends IntentDeps {
  /** Throws `engine-unavailable` while the engine is away. */
  readonly requireEngine: () => void
  /** Tells the edge of new names. */
  readonly routesChanged: () => void
  /** What containers may has changed. */
  readonly wallsChanged: () => void
}

export type ContainerService = ReturnType<typeof containerService>

export const containerService = (deps: ContainerDeps) => ({
  ...readings(deps),
  ...changes(deps),
  ...moves(deps),
})

function readings({ store, around }: ContainerDeps) {
  const answerOf = containerAnswers(around)

  async function found(slug: string, nameOrId: string): Promise<PlacedContainer> {
    const tenant = await tenantBySlug(store.read, slug)
    const placed = await store.read.containers.find(tenant.id, nameOrId)
    if (placed) return placed
    throw notFound('container', nameOrId)
  }

  async function page(slug: string, query: ListQuery) {
    const tenant = await tenantBySlug(store.read, slug)
    const placed = await store.read.containers.list(tenant.id, {
      limit: query.limit,
      state: query.state,
      namePrefix: query.name,
      label: labelAsked(query.label),
      afterName: query.cursor,
      among: query.reach?.['container'],
    })
    const last = placed.length === query.limit ? placed.at(-1) : undefined
    return { placed, nextCursor: last?.row.name ?? null }
  }

  return {
    get: async (slug: string, nameOrId: string): Promise<Container> =>
      containerOf(await found(slug, nameOrId), around),

    /** As `get`, ready to be sent. */
    show: async (slug: string, nameOrId: string): Promise<ContainerAnswer> =>
      answerOf(await found(slug, nameOrId)),

    async list(slug: string, query: ListQuery) {
      const { placed, nextCursor } = await page(slug, query)
      return { items: placed.map((one) => containerOf(one, around)), nextCursor }
    },

    /** As `list`, ready to be sent. */
    async showAll(slug: string, query: ListQuery) {
      const { placed, nextCursor } = await page(slug, query)
      return finishedPage(placed.map(answerOf), nextCursor)
    },

    /** Id and name of one that is there, found by either. */
    async named(slug: string, nameOrId: string): Promise<Named | undefined> {
      const tenant = await store.read.tenants.bySlug(slug)
      return tenant && (await store.read.containers.find(tenant.id, nameOrId))?.row
    },

    async status(slug: string, asked: readonly string[], reach: Reach | null = null) {
      const tenant = await tenantBySlug(store.read, slug)
      const all = await store.read.containers.findAll(tenant.id, asked)
      const placed = all.filter(({ row }) => isWithin(reach, 'container', row))
      return {
        items: asked.map((one) => {
          const named = placed.find(({ row }) => row.name === one)
          const hit = named ?? placed.find(({ row }) => row.id === one)
          return { asked: one, container: hit ? containerOf(hit, around) : null }
        }),
      }
    },
  }
}

function changes(deps: ContainerDeps) {
  const { requireEngine } = deps
  const intents = containerIntents(deps)
  return {
    async create(slug: string, wanted: ContainerCreate, actor: Actor): Promise<Change<Container>> {
      requireEngine()
      return intents.create(slug, wanted, actor)
    },

    async start(asked: Asked): Promise<Change<Container>> {
      requireEngine()
      return intents.change(asked, 'start', async (row, q) => {
        if (isOnItsWay(row)) return {}
        await refuseCordoned(q, startOf(row, 'start'))
        return newRun(row)
      })
    },

    async restart(asked: Asked): Promise<Change<Container>> {
      requireEngine()
      return intents.change(asked, 'restart', async (row, q) => {
        await refuseCordoned(q, startOf(row, 'restart'))
        return newRun(row)
      })
    },

    async stop(asked: Asked): Promise<Change<Container>> {
      requireEngine()
      return intents.change(asked, 'stop', (row) =>
        row.desired === 'stopped' && row.state !== 'failed'
          ? {}
          : { desired: 'stopped', state: 'stopping', retryAt: null },
      )
    },

    async rename(asked: Asked, name: string): Promise<Change<Container>> {
      const renamed = await intents.change(asked, 'rename', async (row, q) => {
        const owner = await q.names.owner(row.tenantId, name)
        if (isReservedName(name) || (owner && owner.resourceId !== row.id)) {
          throw nameTaken('container', name)
        }
        await refuseAliased(q, row, name)
        await q.names.release(row.id)
        await claimName(q, { ...row, name })
        return { name }
      })
      deps.routesChanged()
      return renamed
    },

    async update(asked: Asked, change: ContainerChange): Promise<Change<Container>> {
      requireEngine()
      const updated = await intents.change(asked, 'update', resizing(deps.ledger, change))
      // The edge checks the health.
      deps.routesChanged()
      if (change.firewalls !== undefined || change.bandwidth !== undefined) deps.wallsChanged()
      return updated
    },

    async delete(asked: Asked, force: boolean): Promise<Change<Container>> {
      requireEngine()
      return intents.change(asked, 'delete', (row) => {
        if (row.desired === 'absent') return {}
        if (!force && LIVELY.has(row.state)) throw conflict(row, 'delete')
        return { desired: 'absent', state: 'deleting', retryAt: null }
      })
    },
  }
}

/** Which networks a container is in. */
function moves(deps: ContainerDeps) {
  const { requireEngine } = deps
  const intents = containerIntents(deps)
  const ofNetworks = networkChanges(deps)
  return {
    async attach(asked: Asked, wanted: NetworkAttach): Promise<Change<Container>> {
      requireEngine()
      const elsewhere = await rangesFor(deps, asked.tenant, {
        networks: [{ name: wanted.network }],
      })
      const attach = ofNetworks.attaching(wanted, elsewhere)
      return intents.change(asked, 'attach', (_row, q, placed) => attach(placed, q))
    },

    async detach(asked: Asked, network: string): Promise<Change<Container>> {
      requireEngine()
      const detach = ofNetworks.detaching(network)
      return intents.change(asked, 'detach', (_row, q, placed) => detach(placed, q))
    },
  }
}

interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly state?: ContainerState | undefined
  readonly label?: string | undefined
  readonly name?: string | undefined
  /** Of a limited key: only what it gets to. */
  readonly reach?: Reach | null
}

/** States in which a process runs, or is about to. */
const LIVELY: ReadonlySet<ContainerState> = new Set([
  'running',
  'starting',
  'restarting',
  'stopping',
])

/** What stands between a container and its process, or nothing: a start has nothing to add. */
const ON_ITS_WAY: ReadonlySet<ContainerState> = new Set([
  'pending',
  'pulling',
  'creating',
  'starting',
  'running',
])

const isOnItsWay = ({ desired, state }: ContainerRow): boolean =>
  desired === 'running' && ON_ITS_WAY.has(state)

const startOf = (row: ContainerRow, verb: Verb) => ({
  verb,
  kind: 'container',
  name: row.name,
  node: row.nodeId,
  isThere: row.desired === 'running' && LIVELY.has(row.state),
})

/** A restart is an intent like any other: one more run than was begun. */
const newRun = ({ run }: ContainerRow): Partial<ContainerRow> => ({
  desired: 'running',
  run: run + 1,
  state: 'starting',
  exitCode: null,
  reasonCode: null,
  reasonMessage: null,
  retryAt: null,
  restarts: 0,
})
