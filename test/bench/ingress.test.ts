import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { ingressReport } from '../../bench/ingress.ts'
import { readLog, readWrk } from '../../bench/ingress/load.ts'
import { lastLine } from '../../bench/report.ts'

const Numbers = z.record(z.string(), z.number())
const Line = z.object({ cases: Numbers, ratios: Numbers })

test('the bench of the ingress measures its cases beside every peer', async () => {
  const size = {
    rounds: 1,
    warmUp: 0,
    seconds: 1,
    manyRoutes: 20,
    connections: 4,
    manyConnections: 20,
    cases: ['get-45', 'many-routes', 'tls-h2', 'websocket'],
  } as const
  const report = await ingressReport(size, AbortSignal.timeout(150_000))
  const { cases, ratios } = Line.parse(JSON.parse(lastLine(report)))
  assert.deepEqual(Object.keys(ratios), ['nginx', 'haproxy', 'caddy'])
  for (const name of size.cases) {
    for (const peer of ['nginx', 'haproxy', 'caddy']) {
      assert.ok((cases[`${name}-ratio-${peer}`] ?? 0) > 0, `${name} beside ${peer}`)
    }
  }
  assert.ok((cases['steady-cloudlet-p99-ms'] ?? 0) > 0)
})

const WRK = `
  Latency Distribution
     50%  812.00us
     99%    2.51ms
  150000 requests in 3.00s, 25.03MB read
`

test('what wrk prints is read in milliseconds', () => {
  assert.deepEqual(readWrk(WRK), { requests: 150_000, p50Ms: 0.812, p99Ms: 2.51 })
})

test('a load with failed requests counts for nothing', () => {
  assert.throws(() => readWrk(`${WRK}\n  Non-2xx or 3xx responses: 3\n`), /Requests failed/)
  assert.throws(() => readWrk(`${WRK}\n  Socket errors: connect 0, read 1`), /Requests failed/)
  assert.throws(() => readWrk('wrk: unknown option'), /Not understood/)
  assert.throws(() => readLog('1\t200\t100\n2\t503\t100\n'), /A request failed/)
})

test('the log of h2load has microseconds', () => {
  const log = Array.from({ length: 100 }, (_, i) => `1\t200\t${(i + 1) * 1000}`).join('\n')
  assert.deepEqual(readLog(log), { requests: 100, p50Ms: 50.5, p99Ms: 99.01 })
})
