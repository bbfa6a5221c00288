import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { InTenant } from './names.ts'

export const MetricFamily = z
  .object({
    name: z.string(),
    type: z.enum(['counter', 'gauge', 'histogram']),
    help: z.string(),
    samples: z
      .array(
        z.object({
          name: z.string(),
          labels: z.record(z.string(), z.string()),
          value: z.number(),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'MetricFamily', description: 'A metric with all that is measured of it' })

const common = { method: 'get', kind: 'stream', status: 200, response: MetricFamily } as const

export type MetricFamily = z.infer<typeof MetricFamily>

export const platformMetrics = endpoint({
  ...common,
  id: 'platform.metrics',
  path: '/v1/platform/metrics',
  summary: 'Read what the edge has counted, in the text format of Prometheus',
  permission: 'platform:read',
  platform: true,
  failures: [],
})

export const tenantMetrics = endpoint({
  ...common,
  id: 'usage.metrics',
  path: '/v1/tenants/{tenant}/metrics',
  summary: 'Read what the edge has counted of a tenant, in the text format of Prometheus',
  permission: 'usage:read',
  params: InTenant,
  failures: ['not-found'],
})
