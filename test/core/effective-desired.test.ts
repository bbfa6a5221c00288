import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { effectiveDesired, holdOf, isHold } from '../../src/core/effective-desired.ts'

const holds = fc.record({ tenantSuspended: fc.boolean(), nodeDrained: fc.boolean() })

test('effectiveDesired() holds what is to run, and lets a stop and a deletion have their way', () => {
  fc.assert(
    fc.property(holds, (held) => {
      const isHeld = held.tenantSuspended || held.nodeDrained
      assert.equal(effectiveDesired({ desired: 'running', ...held }), isHeld ? 'held' : 'running')
      assert.equal(effectiveDesired({ desired: 'stopped', ...held }), 'stopped')
      assert.equal(effectiveDesired({ desired: 'absent', ...held }), 'absent')
    }),
  )
})

test('holdOf() names the tenant before the machine, which is none of its business then', () => {
  const both = { tenantSuspended: true, nodeDrained: true }
  assert.equal(holdOf(both), 'tenant-suspended')
  assert.equal(holdOf({ ...both, tenantSuspended: false }), 'node-drained')
  assert.equal(holdOf({ tenantSuspended: false, nodeDrained: false }), undefined)
})

test('isHold() knows the reasons of a hold from those of a container', () => {
  assert.deepEqual(
    ['tenant-suspended', 'node-drained', 'exited', null].map((code) => isHold(code)),
    [true, true, false, false],
  )
})
