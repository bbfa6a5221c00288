import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { apiReport } from '../../bench/api.ts'
import { lastLine } from '../../bench/report.ts'

const Summary = z.object({ count: z.int(), median: z.number().positive() })
const Line = z.object({
  bench: z.literal('api'),
  cloudlet: Summary,
  peers: z.strictObject({ host: Summary }),
  ratios: z.strictObject({ host: z.number().positive() }),
  cases: z.object({
    'get-cpu-microseconds': z.number(),
    'list-per-second': z.number().positive(),
    'create-per-second': z.number().positive(),
    'resident-mib': z.number().positive(),
    'pass-5-calls': z.literal(1),
    'pass-10-calls': z.literal(1),
    'pass-10-ms': Summary,
    'get-p99-ms': z.number().positive(),
    'list-p99-ms': z.number().positive(),
    'create-p99-ms': z.number().positive(),
    'pass-growth': z.number().positive(),
  }),
})

test('the bench of the API measures all it promises, with few containers', async () => {
  const size = { containers: 50, passesOver: [5, 10], rounds: 1, roundMs: 100, latencyMs: 300 }
  const report = await apiReport(size, AbortSignal.timeout(150_000))
  const { cases } = Line.parse(JSON.parse(lastLine(report)))
  assert.deepEqual(Object.keys(cases).slice(-2), ['create-p99-ms', 'pass-growth'])
})
