import type { Store } from '../../db/open.ts'
import type { ContainerSpec } from '../contract/containers.ts'
import type { Metrics } from '../contract/metrics.ts'
import { dockerName } from '../core/docker-names.ts'
import { engineAway, failure, notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineAway, type Engine, type EngineSample } from '../ports/engine.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface MetricsDeps {
  readonly store: Store
  /** Reads only. */
  readonly engine: Pick<Engine, 'sample'>
  readonly clock: Clock
}

/** Whoever asks again within this time is answered the same: less says little about how busy one is. */
const FRESH_MS = 1_000
/** Samples to compare the next ones with. The oldest goes first, and has its CPU told one look later. */
const MOST_KEPT = 2_000

interface Kept {
  readonly atMs: number
  readonly cpuNanos: number
  readonly metrics: Metrics
}

export function metricsService({ store, engine, clock }: MetricsDeps) {
  const kept = new Map<string, Kept>()

  function keep(run: string, fresh: Kept): void {
    kept.delete(run)
    kept.set(run, fresh)
    const [oldest] = kept.keys()
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  }

  return {
    async ofContainer(
      at: { readonly tenant: string; readonly container: string },
      signal: AbortSignal,
    ): Promise<Metrics> {
      const tenant = await tenantBySlug(store.read, at.tenant)
      const placed = await store.read.containers.find(tenant.id, at.container)
      if (!placed) throw notFound('container', at.container)
      const { id, name, state, startedAt, specJson } = placed.row
      if (state !== 'running') throw notRunning(name, state)

      // Each run counts from nothing.
      const run = `${id} ${startedAt}`
      const before = kept.get(run)
      if (before && clock.now().getTime() - before.atMs < FRESH_MS) return before.metrics
      const sample = await engine
        .sample(dockerName(at.tenant, 'container', id), signal)
        .catch((error: unknown) => {
          throw error instanceof EngineAway ? engineAway('read what the container uses') : error
        })
      if (!sample) throw notRunning(name, 'stopping')
      const now = clock.now()
      const metrics = { ...metricsOf(sample, now, before), ...limitsIn(specJson) }
      keep(run, { atMs: now.getTime(), cpuNanos: sample.cpuNanos, metrics })
      return metrics
    },
  }
}
export type MetricsService = ReturnType<typeof metricsService>

/** Written by the container service alone, from a parsed spec. */
function limitsIn(specJson: string): Pick<Metrics, 'receivedBitsLimit' | 'sentBitsLimit'> {
  const { bandwidth }: Pick<ContainerSpec, 'bandwidth'> = JSON.parse(specJson)
  return {
    receivedBitsLimit: bandwidth?.ingress ?? null,
    sentBitsLimit: bandwidth?.egress ?? null,
  }
}

function metricsOf(
  { cpuNanos, ...rest }: EngineSample,
  now: Date,
  before?: Kept,
): Omit<Metrics, 'receivedBitsLimit' | 'sentBitsLimit'> {
  return {
    time: now.toISOString(),
    cpuSeconds: cpuNanos / 1e9,
    cpuPercent: before ? percentOf(cpuNanos - before.cpuNanos, now.getTime() - before.atMs) : null,
    ...rest,
  }
}

/** A clock that was set back, or a counter that began anew, says nothing. */
function percentOf(nanos: number, elapsedMs: number): number | null {
  if (nanos < 0 || elapsedMs <= 0) return null
  return Math.round((nanos / (elapsedMs * 1e6)) * 1000) / 10
}

const notRunning = (name: string, state: string) =>
  failure('state-conflict', `Cannot measure container "${name}": it is ${state}`, {
    kind: 'container',
    name,
    state,
  })
