import { platformMetrics, tenantMetrics } from '../src/contract/edge-metrics.ts'
import { expositionOf } from '../src/http/exposition.ts'
import { mountStream } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { EdgeMetricsService } from '../src/services/edge-metrics.ts'

export function metricsRoutes(app: App, metrics: EdgeMetricsService): void {
  mountStream(app, platformMetrics, {
    serve: () => metrics.ofPlatform(),
    text: expositionOf,
  })
  mountStream(app, tenantMetrics, {
    serve: ({ params }) => metrics.ofTenant(params.tenant),
    text: expositionOf,
  })
}
