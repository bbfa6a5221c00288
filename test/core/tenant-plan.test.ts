import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { nextTenantStep, type TenantFacts } from '../../src/core/tenant-plan.ts'

const anyFacts: fc.Arbitrary<TenantFacts> = fc
  .record({
    wanted: fc.constantFrom('deleted', 'resumed', 'suspended', null),
    containers: fc.nat(5),
    left: fc.nat(5),
    networks: fc.nat(2),
    all: fc.nat(5),
    open: fc.nat(5),
  })
  .map(({ all, open, ...facts }) => ({
    ...facts,
    left: Math.min(facts.containers, facts.left),
    resuming: { all, open: Math.min(all, open) },
  }))

/** The world goes on by one: a container stops, comes up or is gone, or a network is gone. */
function moved(facts: TenantFacts): TenantFacts {
  const { wanted, containers, left, networks, resuming } = facts
  if (wanted === 'suspended') return { ...facts, left: left - 1 }
  if (wanted === 'resumed') return { ...facts, resuming: { ...resuming, open: resuming.open - 1 } }
  return containers > 0
    ? { ...facts, containers: containers - 1 }
    : { ...facts, networks: networks - 1 }
}

test('nextTenantStep() leads to the end, and its progress never goes back', () => {
  fc.assert(
    fc.property(anyFacts, (first) => {
      let facts = first
      let last = 0
      for (let i = 0; i < 20; i++) {
        const step = nextTenantStep(facts)
        if (step.do === 'nothing' || step.do === 'end' || step.do === 'erase') return
        if (step.do === 'wait') {
          assert.ok(step.progress >= last && step.progress < 100)
          last = step.progress
        }
        facts = moved(facts)
      }
      assert.fail('It never ends')
    }),
  )
})

test('nextTenantStep() ends nothing, and erases nothing, while anything is left', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { do: step } = nextTenantStep(facts)
      if (step === 'erase') assert.deepEqual([facts.containers, facts.networks], [0, 0])
      if (step === 'remove-networks') assert.equal(facts.containers, 0)
      if (step !== 'end') return
      assert.equal(facts.wanted === 'suspended' ? facts.left : facts.resuming.open, 0)
    }),
  )
})
