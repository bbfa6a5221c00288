import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { DatagramReader, framedDatagram } from '../../../proxy/core/datagrams.ts'

test('datagrams that are framed and cut anywhere come out as they were', () => {
  const datagrams = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 })
  fc.assert(
    fc.property(datagrams, fc.array(fc.nat(500), { maxLength: 8 }), (all, cuts) => {
      const bytes = Buffer.concat(all.map((one) => framedDatagram(Buffer.from(one))))
      const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length]
      const reader = new DatagramReader()
      let from = 0
      const read: Buffer[] = []
      for (const end of ends.toSorted((a, b) => a - b)) {
        read.push(...reader.read(bytes.subarray(from, end)))
        from = end
      }
      assert.deepEqual(
        read.map((one) => [...one]),
        all.map((one) => [...one]),
      )
    }),
  )
})
