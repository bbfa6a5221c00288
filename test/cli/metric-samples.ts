import type { MetricFamily } from '../../src/contract/edge-metrics.ts'
import type { Metrics } from '../../src/contract/metrics.ts'

const TIME = '2026-01-02T03:04:05.000Z'

export const family: MetricFamily = {
  name: 'cloudlet_ingress_requests_total',
  type: 'counter',
  help: 'Requests',
  samples: [
    {
      name: 'cloudlet_ingress_requests_total',
      labels: { tenant: 'demo', app: 'hello', code: '2xx' },
      value: 7,
    },
  ],
}

export const metrics: Metrics = {
  time: TIME,
  cpuSeconds: 1.5,
  cpuPercent: 12.5,
  memoryBytes: 1024 ** 2,
  memoryLimitBytes: 256 * 1024 ** 2,
  pids: 3,
  receivedBytes: 2048,
  sentBytes: 0,
  receivedBitsLimit: 20_000_000,
  sentBitsLimit: null,
  readBytes: 0,
  writtenBytes: 4096,
}
