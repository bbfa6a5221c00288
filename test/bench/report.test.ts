import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { lastLine, textOf, type Report } from '../../bench/report.ts'
import { summaryOf } from '../../bench/statistics.ts'

const report: Report = {
  bench: 'create',
  title: 'What it takes, in milliseconds',
  rows: [
    { label: 'ours', summary: summaryOf([110, 120, 130]) },
    { label: 'theirs, with a long name', summary: summaryOf([90, 100, 1100]) },
  ],
  cloudlet: summaryOf([110, 120, 130]),
  peers: { engine: summaryOf([90, 100, 1100]) },
  cases: { 'cloudlet-accepted': summaryOf([1.23456]), 'engine-share': 0.5 },
}

const Summary = z.strictObject({
  count: z.int(),
  min: z.number(),
  median: z.number(),
  p90: z.number(),
  max: z.number(),
})
const LastLine = z.strictObject({
  bench: z.string(),
  cloudlet: Summary,
  peers: z.record(z.string(), Summary),
  ratios: z.record(z.string(), z.number()),
  cases: z.record(z.string(), z.union([Summary, z.number()])),
})

test('lastLine() is one line of JSON with all that scripts read', () => {
  const line = lastLine(report)
  assert.equal(line.includes('\n'), false)
  const { bench, cloudlet, peers, cases } = LastLine.parse(JSON.parse(line))
  assert.equal(bench, 'create')
  assert.equal(cloudlet.median, 120)
  assert.equal(peers['engine']?.median, 100)
  assert.deepEqual(cases['cloudlet-accepted'], summaryOf([1.23]))
  assert.equal(cases['engine-share'], 0.5)
})

test("lastLine() divides our median by the peer's, in the headline only", () => {
  assert.deepEqual(LastLine.parse(JSON.parse(lastLine(report))).ratios, { engine: 1.2 })
})

test('textOf() ends with the JSON line, below a table whose columns stand in line', () => {
  const lines = textOf(report).trimEnd().split('\n')
  assert.equal(lines.at(-1), lastLine(report))
  const rows = lines.slice(2, 5)
  assert.match(rows[0] ?? '', /n +min +median +p90 +max$/)
  assert.match(rows[1] ?? '', /^ours +3 +110\.0 +120\.0 +128\.0 +130\.0$/)
  assert.deepEqual(new Set(rows.map(({ length }) => length)).size, 1)
})
