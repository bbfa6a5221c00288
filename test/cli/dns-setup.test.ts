import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setupOf } from '../../src/cli/dns-setup.ts'
import { desk } from './command-line.ts'

const WHERE = { host: '127.0.0.1', port: 53, domains: ['cloud.local', 'internal'] }

test('setupOf() sends systemd-resolved to us for our names alone', () => {
  const { text } = setupOf('systemd-resolved', { ...WHERE, port: 1053 })
  assert.equal(text, '[Resolve]\nDNS=127.0.0.1:1053\nDomains=~cloud.local ~internal\n')
  assert.match(setupOf('systemd-resolved', { ...WHERE, host: '::1' }).text, /DNS=\[::1\]:53\n/)
})

test('setupOf() lets dnsmasq believe that our names lead inside', () => {
  const lines = setupOf('dnsmasq', WHERE).text.split('\n')
  assert.deepEqual(lines.slice(0, 2), [
    'server=/cloud.local/127.0.0.1#53',
    'rebind-domain-ok=/cloud.local/',
  ])
})

test('setupOf() says so where a resolv.conf cannot name the port', () => {
  assert.equal(setupOf('resolv.conf', WHERE).text, 'nameserver 127.0.0.1\n')
  assert.match(setupOf('resolv.conf', { ...WHERE, port: 1053 }).text, /^# No port but 53/)
})

test('dns setup prints the lines for every service, and applies for one that has a file for them', async () => {
  await using at = await desk()
  const all = await at.type('dns setup')
  assert.match(all.stdout, /resolved\.conf\.d[\s\S]*dnsmasq\.d[\s\S]*resolv\.conf/)
  const which = await at.type('dns setup --apply')
  assert.match(which.stderr, /Cannot apply all of them/)
  const foreign = await at.type('dns setup --apply --for resolv.conf')
  assert.match(foreign.stderr, /is not the platform's to write/)
})
