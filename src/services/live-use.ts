import { added, type Amounts } from '../core/quota.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { EngineContainer } from '../ports/engine.ts'
import type { Meter, Reading } from '../ports/meter.ts'
import type { Timers } from '../ports/timers.ts'

export interface LiveUseDeps {
  readonly meter: Pick<Meter, 'read'>
  /** What runs, as far as is known without asking the engine. */
  readonly running: () => readonly EngineContainer[]
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

/** Whoever asks again within this time is answered the same. */
const FRESH_MS = 3_000
/** A reading that is older says nothing about how busy the CPUs are now. */
const STALE_MS = 60_000
/** So far apart are two readings where there is none to compare with. */
const APART_MS = 250
const DEADLINE_MS = 5_000

interface Sample {
  readonly atMs: number
  readonly readings: ReadonlyMap<string, Reading>
}

/** By tenant's slug; undefined while it cannot be told. */
export type Use = ReadonlyMap<string, Amounts>

/** What tenants really use now. It is looked at only while somebody asks. */
export function liveUse({ meter, running, clock, timers, log }: LiveUseDeps) {
  let last: Sample | undefined
  let use: Use | undefined
  let looking: Promise<Use | undefined> | undefined
  const nowMs = (): number => clock.now().getTime()

  async function sampled(): Promise<Sample> {
    const ids = running().map(({ engineId }) => engineId)
    const readings = await meter.read(ids, AbortSignal.timeout(DEADLINE_MS))
    return { atMs: nowMs(), readings }
  }

  async function earlier(): Promise<Sample> {
    if (last && nowMs() - last.atMs <= STALE_MS) return last
    const first = await sampled()
    await new Promise<void>((resolve) => void timers.after(APART_MS, resolve))
    return first
  }

  async function look(): Promise<Use | undefined> {
    try {
      const before = await earlier()
      last = await sampled()
      use = useOf(running(), before, last)
    } catch (error) {
      log('info', 'Cannot read what containers use', { error })
      use = undefined
    }
    return use
  }

  return {
    current(): Promise<Use | undefined> {
      if (last && nowMs() - last.atMs < FRESH_MS) return Promise.resolve(use)
      looking ??= look().finally(() => (looking = undefined))
      return looking
    },
  }
}

function useOf(containers: readonly EngineContainer[], before: Sample, now: Sample): Use {
  const byTenant = new Map<string, Amounts[]>()
  for (const { tenant, engineId } of containers) {
    const reading = now.readings.get(engineId)
    if (!reading) continue
    const cpuMilli = cpuMilliOf(before, now, engineId)
    const { memoryBytes, pids } = reading
    const one = { containers: 1, cpuMilli, memoryBytes, pids }
    byTenant.set(tenant, [...(byTenant.get(tenant) ?? []), one])
  }
  return new Map([...byTenant].map(([tenant, all]) => [tenant, measured(added(all))]))
}

/** One that has been started since has its time counted from nothing. */
function cpuMilliOf(before: Sample, now: Sample, engineId: string): number {
  const [from, to] = [before.readings.get(engineId), now.readings.get(engineId)]
  const nanos = (now.atMs - before.atMs) * 1e6
  if (!from || !to || nanos <= 0) return 0
  return Math.max(0, Math.round(((to.cpuNanos - from.cpuNanos) * 1000) / nanos))
}

/** The kinds that are looked at; of the others it is not known what is used. */
export const measured = ({ containers, cpuMilli, memoryBytes, pids }: Amounts): Amounts => ({
  containers: containers ?? 0,
  cpuMilli: cpuMilli ?? 0,
  memoryBytes: memoryBytes ?? 0,
  pids: pids ?? 0,
})
