import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bridgeName,
  dockerName,
  labelsOfInstance,
  platformLabels,
} from '../../src/core/docker-names.ts'

const LABELS = { tenant: 'demo', id: 'abcdefghijklmnop', generation: 7 }

test('dockerName() names tenant, kind and id', () => {
  assert.equal(dockerName('demo', 'container', 'abc'), 'cl-demo-container-abc')
  assert.equal(dockerName('demo', 'network', 'abc'), 'cl-demo-network-abc')
})

test('bridgeName() fits what the kernel allows, and tells instances apart', () => {
  const name = bridgeName('wxyz234', LABELS.id)
  assert.equal(name, 'clwxyzabcdefgh')
  assert.ok(name.length <= 15)
  assert.notEqual(name, bridgeName('wxya234', LABELS.id))
})

test('labelsOfInstance() reads back what platformLabels() wrote', () => {
  const labels = { ...platformLabels('one', LABELS), app: 'hello' }
  assert.deepEqual(labelsOfInstance('one', labels), LABELS)
})

test('labelsOfInstance() sees nothing of another instance, and no broken labels', () => {
  const labels = platformLabels('one', LABELS)
  assert.equal(labelsOfInstance('two', labels), undefined)
  assert.equal(labelsOfInstance('one', {}), undefined)
  for (const generation of ['', '-1', '1e9', 'NaN', ' 7', 7, undefined]) {
    const broken = { ...labels, 'cloudlet.generation': generation }
    assert.equal(labelsOfInstance('one', broken), undefined, String(generation))
  }
})
