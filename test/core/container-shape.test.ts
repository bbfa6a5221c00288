import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allowsPolicy,
  appPortOf,
  capabilitiesOf,
  environmentOf,
  mayBeRoot,
  speaksOfReadOnlyRoot,
  tmpfsFor,
} from '../../src/core/container-shape.ts'

const tcp = (port: number, app = false) => ({ port, protocol: 'tcp', app }) as const

test('appPortOf() is the one marked, the only one given, or the only one exposed', () => {
  for (const [ports, exposed, expected] of [
    [undefined, [], { port: null }],
    [undefined, [80], { port: 80 }],
    [undefined, [80, 443], { ambiguous: [80, 443], from: 'image' }],
    [[tcp(1), tcp(2, true)], [80], { port: 2 }],
    [[tcp(1)], [80], { port: 1 }],
    [[tcp(1), tcp(2)], [], { ambiguous: [1, 2], from: 'ports' }],
    [[tcp(1, true), tcp(2, true)], [], { ambiguous: [1, 2], from: 'ports' }],
    [[tcp(1), tcp(1)], [], { port: 1 }],
    [[], [80], { port: null }],
    [[{ port: 53, protocol: 'udp', app: false }], [80], { port: null }],
  ] as const) {
    assert.deepEqual(appPortOf(ports, exposed), expected)
  }
})

test('mayBeRoot() trusts numbers above 0 alone', () => {
  for (const user of ['', 'root', 'app', '0', '00', '0:0', '0:1000', ':5', '-1', '1e3']) {
    assert.ok(mayBeRoot(user), user)
  }
  for (const user of ['1', '1000', '1000:0', '65534:65534']) assert.ok(!mayBeRoot(user), user)
})

test('allowsPolicy() lets a container be stricter than its tenant, never laxer', () => {
  assert.ok(allowsPolicy('baseline', 'restricted'))
  assert.ok(allowsPolicy('baseline', 'baseline'))
  assert.ok(allowsPolicy('restricted', 'restricted'))
  assert.ok(!allowsPolicy('restricted', 'baseline'))
})

test('capabilitiesOf() keeps no way to the host, whatever the policy', () => {
  const dangerous = [
    'SYS_ADMIN',
    'NET_RAW',
    'NET_ADMIN',
    'MKNOD',
    'SYS_CHROOT',
    'SYS_PTRACE',
    'SETFCAP',
  ]
  for (const policy of ['baseline', 'restricted'] as const) {
    const kept = capabilitiesOf(policy)
    assert.deepEqual(
      kept.filter((one) => dangerous.includes(one)),
      [],
    )
  }
  assert.deepEqual(capabilitiesOf('restricted'), ['NET_BIND_SERVICE'])
})

test('tmpfsFor() gives each volume of the image a size, and /tmp and /run once', () => {
  const mounts = tmpfsFor(['/data', '/tmp', '/run'])
  assert.deepEqual(
    mounts.map(({ path }) => path),
    ['/tmp', '/run', '/data'],
  )
  assert.ok(mounts.every(({ sizeBytes }) => sizeBytes === 64 * 1024 * 1024))
  assert.deepEqual(
    mounts.filter(({ executable }) => executable).map(({ path }) => path),
    ['/tmp'],
  )
})

test('environmentOf() tells the process its port, and lets the tenant’s own word win', () => {
  const facts = { id: 'i', name: 'web', tenant: 'acme', appPort: 80, env: {} }
  assert.equal(environmentOf(facts)['PORT'], '80')
  assert.equal(environmentOf({ ...facts, appPort: null })['PORT'], undefined)
  assert.equal(environmentOf({ ...facts, env: { PORT: '9' } })['PORT'], '9')
  assert.equal(environmentOf(facts)['CLOUDLET_TENANT'], 'acme')
})

test('speaksOfReadOnlyRoot() knows the words of processes', () => {
  for (const line of [
    'EROFS: read-only',
    'mkdir: Read-only file system',
    'open /x: Permission denied',
    'EACCES',
  ]) {
    assert.ok(speaksOfReadOnlyRoot(['starting', line]), line)
  }
  assert.ok(!speaksOfReadOnlyRoot([]))
  assert.ok(!speaksOfReadOnlyRoot(['connection refused']))
})
