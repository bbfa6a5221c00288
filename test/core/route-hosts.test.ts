import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsMeet, isHostName, isInDomain, namesAbove } from '../../src/core/host-names.ts'
import { servedHosts } from '../../src/core/route-hosts.ts'

test('isHostName() takes names of two labels and more, and no address', () => {
  for (const name of ['a.b', 'xn--bcher-kva.example', '1.example', `${'a'.repeat(63)}.b`]) {
    assert.ok(isHostName(name), name)
  }
  const bad = ['', 'a', 'a.', '.a', 'a..b', 'A.b', 'a_b.c', '-a.b', 'a-.b', '1.2.3.4', 'a.b:80']
  for (const name of [...bad, `${'a'.repeat(64)}.b`, `${'a.'.repeat(127)}b`, 'a.b ', 'ä.b']) {
    assert.ok(!isHostName(name), name)
  }
})

test('namesAbove() is what is above a name, without the last label alone', () => {
  assert.deepEqual(namesAbove('a.b.c.d'), ['b.c.d', 'c.d'])
  assert.deepEqual(namesAbove('a.b'), [])
})

test('isInDomain() goes by whole labels', () => {
  assert.ok(isInDomain('a.b.c', 'b.c') && isInDomain('b.c', 'b.c'))
  assert.ok(!isInDomain('ab.c', 'b.c') && !isInDomain('c', 'b.c'))
})

test('hostsMeet() where a name is one of a wildcard', () => {
  assert.ok(hostsMeet('*.b.c', 'a.b.c') && hostsMeet('a.b.c', '*.b.c') && hostsMeet('*.b', '*.b'))
  assert.ok(
    !hostsMeet('*.b.c', 'x.a.b.c') && !hostsMeet('*.b.c', 'b.c') && !hostsMeet('a.b', 'c.b'),
  )
})

test('a host that was proved is not served once the platform itself has its domain', () => {
  const own = [{ name: 'example.org', subdomains: 1, provedAt: 1 }]
  const hosts = ['web.zeta.example.org', 'shop.acme.cloud.local']
  const around = { tenant: 'acme', own, domains: ['cloud.local'] }
  assert.deepEqual(servedHosts(hosts, around), hosts)
  const later = { ...around, domains: ['example.org', 'cloud.local'] }
  assert.deepEqual(servedHosts(hosts, later), ['shop.acme.cloud.local'])
  assert.deepEqual(servedHosts(hosts, { ...around, own: [] }), ['shop.acme.cloud.local'])
})
