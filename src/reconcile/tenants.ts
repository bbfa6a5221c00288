import type { Queries, Store } from '../../db/open.ts'
import type { OperationRow } from '../../db/queries/operations.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import { failure } from '../core/failure.ts'
import { isDown, nextTenantStep, type TenantFacts, type TenantStep } from '../core/tenant-plan.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine, EngineContainer } from '../ports/engine.ts'
import type { Log } from '../log.ts'
import type { KnownEngine } from './engine-view.ts'
import type { Turn } from './loop.ts'
import { advanceOperations, endOperations, type Ending } from './operation-notes.ts'

export interface TenantDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly operationEnded: (id: string) => void
  readonly engine: Pick<Engine, 'list'>
  readonly known: Pick<KnownEngine, 'put'>
  readonly wake: (containerId: string) => void
  readonly wakeNetwork: (networkId: string) => void
  /** Deletes all rows that are the tenant's, and ends its name, inside a transaction. */
  readonly erase: (q: Queries, tenant: TenantRow) => Promise<void>
  /** Told when a tenant is gone, so that its keys end at once. */
  readonly erased: (tenantId: string) => void
  readonly passing: (point: string) => void
}

/** Whoever moves tells; this is for what nobody has told. */
const LOOK_AGAIN_MS = 5_000
/** Networks, rows, the end: no tenant takes more steps in one turn. */
const MOST_STEPS = 5
/** Every write costs a flush to the disk: progress is written down in steps of this many per cent. */
const PROGRESS_STEP = 10

/**
 * Brings one tenant to what its operations want of it, as far as that is not the containers' own
 * business. All that it goes by is in the database, so the next life goes on where this one ended.
 */
export function tenantReconciler(deps: TenantDeps) {
  const { store } = deps
  const awaited = new Set<string>()

  async function reconcile(id: string, signal: AbortSignal, { isEnding }: Turn) {
    // Before the first look, so that what moves meanwhile is told.
    awaited.add(id)
    for (let done = 0; done < MOST_STEPS; done++) {
      signal.throwIfAborted()
      if (isEnding()) return undefined
      const step = nextTenantStep(await factsOf(store.read, id))
      if (step.do === 'nothing') break
      deps.passing(`tenant-before-${step.do}`)
      if (await taken(deps, { id, step }, signal)) return LOOK_AGAIN_MS
    }
    awaited.delete(id)
    return undefined
  }

  return {
    reconcile,
    /** Something on the whole of this tenant is under way. */
    isAwaited: (id: string): boolean => awaited.has(id),
  }
}

interface Due {
  readonly id: string
  readonly step: TenantStep
}

/** Takes a step; answers whether others are at it now. */
async function taken(deps: TenantDeps, { id, step }: Due, signal: AbortSignal): Promise<boolean> {
  if (step.do === 'wait') await noteProgress(deps, id, step)
  if (step.do === 'remove-networks') await removeNetworks(deps, id)
  if (step.do === 'erase') await eraseTenant(deps, id)
  if (step.do === 'end') return endWanted(deps, id, signal)
  return step.do === 'wait' || step.do === 'remove-networks'
}

const WANTED = {
  'tenants.suspend': 'suspended',
  'tenants.resume': 'resumed',
} as const satisfies Readonly<Record<string, TenantFacts['wanted']>>
const isKind = (kind: string): kind is keyof typeof WANTED => Object.hasOwn(WANTED, kind)

const IDLE: TenantFacts = {
  wanted: null,
  containers: 0,
  left: 0,
  networks: 0,
  resuming: { all: 0, open: 0 },
}

async function factsOf(q: Queries, id: string): Promise<TenantFacts> {
  const tenant = await q.tenants.byId(id)
  if (!tenant || tenant.deletedAt !== null) return IDLE
  const one = await wantedOf(q, id)
  const wanted = tenant.deletingAt === null ? one && WANTED[one.kind] : 'deleted'
  if (!wanted) return IDLE
  const resuming = one?.kind === 'tenants.resume' ? await resumedBy(q, one.row) : []
  return {
    wanted,
    containers: await q.containers.countLive(id),
    left: (await q.containers.ofTenant(id)).filter(({ row }) => !isDown(row)).length,
    networks: (await q.networks.ofTenant(id)).length,
    resuming: { all: resuming.length, open: resuming.filter(isOpen).length },
  }
}

/** A suspension and its end supersede one another, so all that is open is of one kind. */
async function wantedOf(q: Queries, id: string) {
  const open = await q.operations.openOn(id)
  // The oldest: one that was asked for once more waits for the same.
  for (const row of open.toSorted((one, other) => one.createdAt - other.createdAt)) {
    if (isKind(row.kind)) return { kind: row.kind, row }
  }
  return undefined
}

/** The operations of the containers that run again by it: begun in its transaction, after it. */
const resumedBy = (q: Queries, { targetId, createdAt }: OperationRow): Promise<OperationRow[]> =>
  q.operations.ofKindSince(targetId, 'containers.resume', createdAt)

const isOpen = ({ state }: OperationRow): boolean => state === 'pending' || state === 'running'

async function noteProgress(
  { store, clock }: TenantDeps,
  id: string,
  { step, progress: exact }: Extract<TenantStep, { do: 'wait' }>,
): Promise<void> {
  const progress = Math.floor(exact / PROGRESS_STEP) * PROGRESS_STEP
  const open = await store.read.operations.openOn(id)
  if (!open.some((one) => one.step !== step || one.progress < progress)) return
  const at = { targetId: id, nowMs: clock.now().getTime(), step, progress }
  await store.write((q) => advanceOperations(q, at))
}

/** Nothing is left in them. */
async function removeNetworks(deps: TenantDeps, id: string): Promise<void> {
  const { store } = deps
  const rows = await store.read.networks.ofTenant(id)
  if (rows.some(({ desired }) => desired === 'present')) {
    const nowMs = deps.clock.now().getTime()
    await store.write(async (q) => {
      for (const { id: network, generation } of rows) {
        await q.networks.update(network, { desired: 'absent', generation: generation + 1 })
      }
      const step = { step: 'remove-networks', progress: 60 }
      await advanceOperations(q, { targetId: id, nowMs, ...step })
    })
    deps.passing('networks-doomed')
  }
  for (const { id: network } of rows) deps.wakeNetwork(network)
}

async function eraseTenant(deps: TenantDeps, id: string): Promise<void> {
  const ended = await deps.store.write(async (q) => {
    const tenant = await q.tenants.byId(id)
    // Something may have come since the look.
    if (!tenant || nextTenantStep(await factsOf(q, id)).do !== 'erase') return undefined
    await deps.erase(q, tenant)
    const at = { targetId: id, nowMs: deps.clock.now().getTime() }
    return endOperations(q, at, { state: 'succeeded' })
  })
  if (!ended) return
  deps.passing('tenant-erased')
  deps.log('info', 'Tenant deleted', { tenant: id })
  deps.erased(id)
  for (const one of ended) deps.operationEnded(one)
}

/** Answers whether it is not over yet. */
async function endWanted(deps: TenantDeps, id: string, signal: AbortSignal): Promise<boolean> {
  if (await isRunning(deps, id, signal)) return true
  const ended = await deps.store.write(async (q) => {
    const one = await wantedOf(q, id)
    if (!one || nextTenantStep(await factsOf(q, id)).do !== 'end') return []
    const at = { targetId: id, nowMs: deps.clock.now().getTime(), kind: one.kind }
    const isResume = one.kind === 'tenants.resume'
    const ending = isResume ? resumed(one.row, await resumedBy(q, one.row)) : SUSPENDED
    return endOperations(q, at, ending)
  })
  deps.passing('tenant-ended')
  for (const one of ended) deps.operationEnded(one)
  return false
}

/**
 * Our own word that nothing of a suspended tenant runs can be older than a start whose answer was lost:
 * the engine is asked before it is told. What runs there after all is stopped.
 */
async function isRunning(deps: TenantDeps, id: string, signal: AbortSignal): Promise<boolean> {
  const tenant = await deps.store.read.tenants.byId(id)
  if (!tenant || tenant.suspendedAt === null) return false
  const mine = new Set((await deps.store.read.containers.ofTenant(id)).map(({ row }) => row.id))
  const { containers } = await deps.engine.list(signal)
  const running = containers.filter((one) => mine.has(one.id) && !DOWN.has(one.status))
  for (const one of running) {
    deps.known.put(one)
    deps.wake(one.id)
  }
  return running.length > 0
}
const DOWN: ReadonlySet<EngineContainer['status']> = new Set(['created', 'exited', 'dead'])

const SUSPENDED: Ending = { state: 'succeeded' }
const NAMES_TOLD = 5

/** One that its owner has stopped meanwhile is no failure. */
function resumed({ targetName }: OperationRow, all: readonly OperationRow[]): Ending {
  const failed = all.filter(({ state }) => state === 'failed').map((one) => one.targetName)
  if (failed.length === 0) return { state: 'succeeded' }
  const names = failed.slice(0, NAMES_TOLD).join(', ')
  const count = `${failed.length} of ${all.length} containers`
  const message = `Tenant "${targetName}" is resumed, but ${count} did not come up: ${names}`
  const details = { exitCode: null, reason: 'not-resumed' }
  return { state: 'failed', failure: failure('container-exited', message, details) }
}
