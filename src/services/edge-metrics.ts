import type { Measures } from '../../proxy/link.ts'
import type { MetricFamily } from '../contract/edge-metrics.ts'
import { processFamilies, questionFamilies, requestFamilies } from '../core/edge-families.ts'
import { EdgeTotals, type KeptTotals } from '../core/edge-totals.ts'
import { notFound } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { EdgeCounters } from '../ports/edge-counters.ts'
import type { Log } from '../log.ts'

export interface EdgeMetricsDeps {
  readonly edge: EdgeCounters
  readonly clock: Clock
  readonly log: Log
  /** Of all tenants that there are. */
  readonly slugs: () => Promise<readonly string[]>
  /** Where the sums outlive this process. */
  readonly kept: { readonly last: KeptTotals; keep(totals: KeptTotals): Promise<void> }
}

/** Whoever asks sooner after another is shown the same. */
const FRESH_MS = 1_000
/** A process that says nothing for so long is not waited for. */
const PATIENCE_MS = 1_000

/** The platform's own rows are under names that no tenant can have. */
const isSlug = (tenant: string): boolean => /^[a-z]/.test(tenant)

/** Sums of what the edge has counted, over all its processes. */
export function edgeMetrics({ edge, clock, log, slugs, kept }: EdgeMetricsDeps) {
  const totals = new EdgeTotals(kept.last)
  const nowMs = (): number => clock.now().getTime()
  let looking: Promise<void> | undefined
  let lookedAtMs = -Infinity

  edge.onMeasures((measures: Measures) => totals.add(measures, nowMs()))

  async function look(): Promise<void> {
    const beganAtMs = nowMs()
    await edge.measure(AbortSignal.timeout(PATIENCE_MS))
    lookedAtMs = beganAtMs
    const living = new Set(await slugs())
    totals.sweep(nowMs(), (tenant) => living.has(tenant) || !isSlug(tenant))
  }

  /** What is shown is written down first: a sum that were smaller after a restart would be taken for a new one. */
  async function fresh(): Promise<void> {
    if (nowMs() - lookedAtMs < FRESH_MS) return
    looking ??= look()
      .then(() => keep())
      .finally(() => (looking = undefined))
    await looking
  }

  async function keep(): Promise<void> {
    await kept
      .keep(totals.kept())
      .catch((error: unknown) => log('warn', 'Cannot keep what the edge has counted', { error }))
  }

  return {
    /** Now and then, so that little is lost with a process that ends without a word. */
    look,
    keep,
    /** Of all tenants and all processes. */
    async *ofPlatform(): AsyncGenerator<MetricFamily> {
      await fresh()
      yield* requestFamilies(totals.rows('ingress'))
      yield* questionFamilies(totals.rows('dns'))
      yield* processFamilies(totals.roles(lookedAtMs))
    },
    async *ofTenant(slug: string): AsyncGenerator<MetricFamily> {
      if (!(await slugs()).includes(slug)) throw notFound('tenant', slug)
      await fresh()
      const isOurs = ({ tenant }: { readonly tenant: string }): boolean => tenant === slug
      yield* requestFamilies(totals.rows('ingress').filter(isOurs))
      yield* questionFamilies(totals.rows('dns').filter(isOurs))
    },
  }
}
export type EdgeMetricsService = ReturnType<typeof edgeMetrics>
