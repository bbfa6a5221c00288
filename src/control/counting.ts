import { keptTotals } from '../adapters/kept-totals.ts'
import { placesIn } from '../instance.ts'
import { edgeMetrics } from '../services/edge-metrics.ts'
import type { Outside } from './outside.ts'

/** What the edge has counted, over all starts of its processes and of this one. */
export function counting({ edge, clock, log, store, instance }: Outside) {
  const kept = keptTotals(placesIn(instance.dataDir).edgeCounts)
  const slugs = (): Promise<readonly string[]> => store.read.tenants.liveSlugs()
  return { edgeMetrics: edgeMetrics({ edge, clock, log, slugs, kept }) }
}
