import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { expositionOf } from '../../src/http/exposition.ts'
import { readExposition } from '../support/exposition.ts'

test('expositionOf() writes a metric as Prometheus reads it', () => {
  const text = expositionOf({
    name: 'a_total',
    type: 'counter',
    help: 'One\nof "them" \\',
    samples: [
      { name: 'a_total', labels: {}, value: 1.5 },
      { name: 'a_total', labels: { tenant: 'demo', app: 'a"\\\n' }, value: 2 },
    ],
  })
  assert.equal(
    text,
    [
      String.raw`# HELP a_total One\nof "them" \\`,
      '# TYPE a_total counter',
      'a_total 1.5',
      String.raw`a_total{tenant="demo",app="a\"\\\n"} 2`,
    ].join('\n'),
  )
})

test('whatever is in a label or a number, it is read as it was', () => {
  const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 })
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), value, (label, number) => {
      const samples = [{ name: 'a', labels: { label }, value: number }]
      const text = expositionOf({ name: 'a', type: 'gauge', help: 'it', samples })
      assert.deepEqual(readExposition(`${text}\n`).get('a'), [{ labels: { label }, value: number }])
    }),
  )
})
