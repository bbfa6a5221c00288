import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { dnsReport } from '../../bench/dns.ts'
import { readDnsperf } from '../../bench/dns/load.ts'
import { lastLine } from '../../bench/report.ts'
import { thisWorld } from '../../src/config.ts'

const Numbers = z.record(z.string(), z.number())
const Line = z.object({ cases: Numbers, ratios: Numbers })

test('the bench of the responder measures its cases beside every peer', async () => {
  const size = {
    rounds: 1,
    warmUp: 0,
    seconds: 1,
    fewNames: 20,
    manyNames: 200,
    cases: ['few-names', 'many-names', 'cached'],
  } as const
  const path = thisWorld().env['PATH'] ?? ''
  const report = await dnsReport(size, path, AbortSignal.timeout(150_000))
  const { cases, ratios } = Line.parse(JSON.parse(lastLine(report)))
  assert.deepEqual(Object.keys(ratios).slice(0, 2), ['dnsmasq', 'bind'])
  for (const name of size.cases) {
    for (const peer of ['dnsmasq', 'bind']) {
      assert.ok((cases[`${name}-ratio-${peer}`] ?? 0) > 0, `${name} beside ${peer}`)
    }
    assert.ok((cases[`${name}-cloudlet-p99-ms`] ?? 0) > 0)
  }
  assert.ok((cases['many-to-few'] ?? 0) > 0)
})

const DNSPERF = `
> NOERROR web-1.bench.internal A 0.000100
> NOERROR web-2.bench.internal A 0.000300

Statistics:

  Queries sent:         3
  Queries completed:    2 (66.67%)
  Queries lost:         1 (33.33%)

  Response codes:       NOERROR 2 (100.00%)
  Average packet size:  request 34, response 50
  Run time (s):         1.003044
`

test('what dnsperf prints is read in milliseconds, and what it lost is told', () => {
  const { p50Ms, p99Ms, ...counts } = readDnsperf(DNSPERF, 'NOERROR')
  assert.deepEqual(counts, { answers: 2, lost: 1, seconds: 1.003044 })
  assert.deepEqual([p50Ms?.toFixed(3), p99Ms?.toFixed(3)], ['0.200', '0.298'])
  const { p99Ms: absent } = readDnsperf(DNSPERF.replaceAll(/^>.*$/gm, ''), 'NOERROR')
  assert.equal(absent, null)
})

test('a load that was answered with another code counts for nothing', () => {
  assert.throws(() => readDnsperf(DNSPERF, 'NXDOMAIN'), /Answered NOERROR 2/)
  const some = DNSPERF.replace('NOERROR 2 (100.00%)', 'NOERROR 1 (50.00%), SERVFAIL 1 (50.00%)')
  assert.throws(() => readDnsperf(some, 'NOERROR'), /SERVFAIL 1/)
  assert.throws(() => readDnsperf('Error: no route to host', 'NOERROR'), /Not understood/)
})
