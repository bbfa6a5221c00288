import type { Queries, Store } from '../../db/open.ts'
import {
  clearedEvent,
  crossings,
  percentOf,
  raisedEvent,
  type Crossings,
  type Level,
  type Levels,
} from '../core/alarm.ts'
import { usedPercent, type Machine } from '../core/capacity.ts'
import { RESERVED } from '../core/quota.ts'
import { largestOf } from '../core/resize.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { EngineContainer } from '../ports/engine.ts'
import type { Meter } from '../ports/meter.ts'
import type { Timers } from '../ports/timers.ts'
import type { EventService } from './events.ts'
import { accountsOfTenants } from './ledger.ts'

export interface AlarmDeps {
  readonly store: Store
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly events: Pick<EventService, 'record'>
  /** Name of the one machine that there is. */
  readonly node: string
  readonly machine: () => Machine | undefined
  /** Whether it is known what runs. */
  readonly engineUp: () => boolean
  /** What runs, as far as is known without asking the engine. */
  readonly running: () => readonly EngineContainer[]
  readonly meter: Pick<Meter, 'memory'>
}

/** One look reads two small files of the kernel for each container that runs, and asks the engine nothing. */
const EVERY_MS = 15_000
const DEADLINE_MS = 5_000
/** Of one look; what is beyond is told by the next. */
const MOST_TOLD = 200

const MEMORY = { raiseAt: 90, clearBelow: 80 } as const
const QUOTA = { raiseAt: 90, clearBelow: 85 } as const
/** Where an operator has set no mark for disks. */
const DISK_HIGH_PERCENT = 90
/** An image that is pulled and removed again should not tell twice. */
const DISK_BAND_PERCENT = 5

/** Tells, once each, when something comes to be nearly full, and when it no longer is. */
export function alarmService(deps: AlarmDeps) {
  const { store, timers, log } = deps
  const stopping = new AbortController()
  let cancel: (() => void) | undefined
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    try {
      const levels = await levelsOf(deps, stopping.signal)
      // What is raised is read from the table, so that neither a restart nor a commit that failed tells twice.
      const found = crossings(await store.read.alarms.all(), levels)
      if (found.raised.length + found.cleared.length === 0) return
      await store.write((q) => noted(deps, q, found))
    } catch (error) {
      if (!stopping.signal.aborted) log('warn', 'Cannot look whether anything is full', { error })
    }
  }

  async function lookAndWait(): Promise<void> {
    await look()
    if (stopping.signal.aborted) return
    cancel = timers.after(EVERY_MS, () => {
      looking = lookAndWait()
    })
  }

  return {
    start(): void {
      looking = lookAndWait()
    },
    async stop(): Promise<void> {
      stopping.abort()
      cancel?.()
      await looking
    },
  }
}

async function noted(
  { events, clock }: AlarmDeps,
  q: Queries,
  { raised, cleared }: Crossings,
): Promise<void> {
  const raisedAt = clock.now().getTime()
  for (const level of raised.slice(0, MOST_TOLD)) {
    const { kind, tenantId, targetId, targetName, part } = level
    await q.alarms.raise({ kind, tenantId, targetId, targetName, part, raisedAt })
    await events.record(q, raisedEvent(level))
  }
  for (const { subject, level } of cleared.slice(0, MOST_TOLD)) {
    await q.alarms.clear(subject)
    await events.record(q, clearedEvent(subject, level))
  }
}

async function levelsOf(deps: AlarmDeps, stopping: AbortSignal): Promise<Levels> {
  const machine = deps.machine()
  const memory = await memoryOfContainers(deps, stopping)
  return {
    ...(memory && { 'container.memory': memory }),
    'tenant.quota': await quotas(deps),
    ...(machine && {
      'node.disk': disks(deps.node, machine),
      'node.memory': [memoryOf(deps.node, machine)],
    }),
  }
}

/** What a container's own limit leaves it; undefined where the kernel does not tell. */
async function memoryOfContainers(
  { store, meter, engineUp, running, log }: AlarmDeps,
  stopping: AbortSignal,
): Promise<Level[] | undefined> {
  if (!engineUp()) return undefined
  const engineIds = new Map(running().map(({ id, engineId }) => [id, engineId]))
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(DEADLINE_MS)])
  const used = await meter.memory([...engineIds.values()], signal).catch((error: unknown) => {
    log('info', 'Cannot read what containers use', { error })
    return undefined
  })
  if (!used) return undefined
  const rows = await store.read.containers.live()
  return rows.flatMap(({ row }): Level[] => {
    const bytes = used.get(engineIds.get(row.id) ?? '')
    if (bytes === undefined) return []
    const { id: targetId, name: targetName, tenantId } = row
    const percent = percentOf(bytes, largestOf(row).memoryBytes)
    const subject = { kind: 'container.memory', tenantId, targetId, targetName, part: '' } as const
    return [{ ...subject, percent, ...MEMORY }]
  })
}

async function quotas({ store }: AlarmDeps): Promise<Level[]> {
  const tenants = await store.read.tenants.allLive()
  const accounts = await accountsOfTenants(
    store.read,
    tenants.map(({ id }) => id),
  )
  return tenants.flatMap(({ id, slug }) => {
    const account = accounts.get(id)
    return RESERVED.flatMap((resource): Level[] => {
      const [limit, reserved] = [account?.limits[resource] ?? null, account?.reserved[resource]]
      if (limit === null || reserved === undefined) return []
      const about = { kind: 'tenant.quota', tenantId: id, targetId: id, targetName: slug } as const
      return [{ ...about, part: resource, percent: percentOf(reserved, limit), ...QUOTA }]
    })
  })
}

function disks(node: string, { facts, policy }: Machine): Level[] {
  const raiseAt = policy.diskHighWaterPercent ?? DISK_HIGH_PERCENT
  return facts.disks.map((disk) => ({
    ...ofNode(node, 'node.disk', disk.path),
    percent: usedPercent(disk),
    raiseAt,
    clearBelow: Math.max(0, raiseAt - DISK_BAND_PERCENT),
  }))
}

function memoryOf(node: string, { facts }: Machine): Level {
  const used = facts.memoryBytes - facts.memoryFreeBytes
  const percent = percentOf(used, facts.memoryBytes)
  return { ...ofNode(node, 'node.memory', ''), percent, ...MEMORY }
}

const ofNode = <K extends 'node.disk' | 'node.memory'>(node: string, kind: K, part: string) => ({
  kind,
  tenantId: null,
  targetId: node,
  targetName: node,
  part,
})
