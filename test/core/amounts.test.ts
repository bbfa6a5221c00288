import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cpuAmounts } from '../../src/core/cpu.ts'
import { ID_BYTES, idFrom } from '../../src/core/ids.ts'
import { ALL_PERMISSIONS, powersOf, ROLE_NAMES, type Role } from '../../src/core/permissions.ts'
import { isWithin, reachOf, resourcesIn } from '../../src/core/reach.ts'
import { isReservedName } from '../../src/core/reserved-names.ts'

const anyShares = fc.integer({ min: 2, max: 262_144 })
const anyMilli = fc.integer({ min: 10, max: 1_024_000 })

test('cpuAmounts() takes shares alone for CPUs: 1024 are one', () => {
  for (const [cpuShares, cpuMilli] of [
    [1024, 1000],
    [512, 500],
    [2, 2],
    [1, 1],
    [1025, 1001],
    [262_144, 256_000],
  ] as const) {
    assert.deepEqual(cpuAmounts({ cpuShares }, 500), { cpuMilli, cpuShares })
  }
  fc.assert(
    fc.property(anyShares, (cpuShares) => {
      const { cpuMilli } = cpuAmounts({ cpuShares }, 500)
      assert.ok(cpuMilli * 1024 >= cpuShares * 1000 && (cpuMilli - 1) * 1024 < cpuShares * 1000)
    }),
  )
})

test('cpuAmounts() takes shares beside milli-CPUs for a weight and nothing else', () => {
  fc.assert(
    fc.property(anyShares, anyMilli, (cpuShares, cpuMilli) => {
      assert.deepEqual(cpuAmounts({ cpuShares, cpuMilli }, 500), { cpuShares, cpuMilli })
    }),
  )
})

test('cpuAmounts() weighs milli-CPUs within what the kernel takes', () => {
  fc.assert(
    fc.property(anyMilli, (cpuMilli) => {
      const { cpuShares } = cpuAmounts({ cpuMilli }, 500)
      assert.ok(cpuShares >= 2 && cpuShares <= 262_144)
    }),
  )
  assert.deepEqual(cpuAmounts({}, 500), { cpuMilli: 500, cpuShares: 512 })
  assert.deepEqual(cpuAmounts({ cpuMilli: 1 }, 500), { cpuMilli: 1, cpuShares: 2 })
})

test('idFrom() is sixteen characters, another for any other bytes', () => {
  const bytes = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES })
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.match(idFrom(a), /^[a-z2-7]{16}$/)
      assert.equal(idFrom(a) === idFrom(b), Buffer.compare(a, b) === 0)
    }),
  )
  assert.equal(idFrom(new Uint8Array(ID_BYTES)), 'aaaaaaaaaaaaaaaa')
  assert.equal(idFrom(new Uint8Array(ID_BYTES).fill(255)), '7777777777777777')
})

const allowed = (role: Role, scope?: readonly string[]) =>
  powersOf({ role, actions: null }, scope).permissions

test('powersOf() narrows by a scope, and never adds', () => {
  for (const role of ROLE_NAMES) {
    const granted = allowed(role)
    assert.ok(granted.every((one) => ALL_PERMISSIONS.includes(one)))
    assert.deepEqual(allowed(role, []), [])
    assert.deepEqual(allowed(role, ALL_PERMISSIONS), granted)
    const scoped = allowed(role, ['containers:read', 'nonsense', 'tenants:write'])
    assert.ok(scoped.every((one) => granted.includes(one)))
  }
  assert.ok(allowed('read').every((one) => one.endsWith(':read')))
  for (const role of ['operator', 'member', 'read'] as const) {
    assert.ok(!allowed(role).includes('keys:write'))
    assert.ok(!allowed(role).includes('tenants:write'))
  }
})

test('powersOf() narrows by actions: whole permissions, or single endpoints of one', () => {
  const actions = ['containers:read', 'containers.restart', 'keys:write', 'keys.create']
  const { permissions, may } = powersOf({ role: 'member', actions })
  assert.deepEqual(permissions, ['containers:read'])
  const write = 'containers:write'
  assert.ok(may({ id: 'containers.list', permission: 'containers:read' }))
  assert.ok(may({ id: 'containers.restart', permission: write }))
  assert.ok(!may({ id: 'containers.delete', permission: write }))
  assert.ok(!may({ id: 'keys.create', permission: 'keys:write' }))
  const scoped = powersOf({ role: 'member', actions }, ['usage:read'])
  assert.ok(!scoped.may({ id: 'containers.restart', permission: write }))
})

test('reachOf() and isWithin() keep a key to what it was limited to', () => {
  const reach = reachOf(['container:web', 'container:c0000000000000aa'])
  assert.ok(isWithin(reach, 'container', { id: 'x', name: 'web' }))
  assert.ok(isWithin(reach, 'container', { id: 'c0000000000000aa', name: 'db' }))
  assert.ok(!isWithin(reach, 'container', { id: 'x', name: 'db' }))
  assert.ok(isWithin(null, 'container', { id: 'x', name: 'db' }))
  assert.deepEqual(resourcesIn(reach), ['container:web', 'container:c0000000000000aa'])
})

test('isReservedName() keeps the platform’s own names', () => {
  for (const name of ['_x', '_', 'all', 'www', 'api', 'console', 'localhost', 'internal']) {
    assert.ok(isReservedName(name), name)
  }
  for (const name of ['web', 'apis', 'www2', 'allx']) assert.ok(!isReservedName(name), name)
})
