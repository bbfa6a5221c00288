import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { after, before, test } from 'node:test'
import { runNft, type RunNft } from '../../src/adapters/nft-program.ts'
import { nftables } from '../../src/adapters/nftables.ts'
import { ruleSet, type FirewallMember, type FirewallState } from '../../src/core/firewall.ts'
import { FirewallError } from '../../src/ports/firewall.ts'

/** The kernel's own packet filter, in a network namespace that only these tests are in. */

const PLACE = {
  table: 'cloudlet_test',
  bridgePrefix: 'cltest',
  resolver: '10.208.0.53',
  ingressPorts: [80],
  mostConnections: 5,
}
const signal = AbortSignal.timeout(60_000)
let holder: ChildProcess

before(async () => {
  holder = spawn('unshare', ['--net', 'sh', '-c', 'echo there; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
})

after(() => {
  holder.kill()
})

const inside = (): string[] => [`--net=/proc/${holder.pid}/ns/net`]
const nft: RunNft = (...asked) => runNft(['nsenter', ...inside(), 'nft'])(...asked)

const nothing = (): Promise<void> => Promise.resolve()

/** What a hand that is not ours does. */
const meddle = (...words: string[]): string =>
  execFileSync('nsenter', [...inside(), 'nft', ...words], { encoding: 'utf8' })

const member = (host: number): FirewallMember => ({
  bridge: 'cltest01',
  address: `10.208.1.${host}`,
  mac: `02:c1:0a:d0:01:${String(host).padStart(2, '0')}`,
  port: `veth${host}`,
})

const state = (...members: FirewallMember[]): FirewallState => ({
  networks: [
    {
      bridge: 'cltest01',
      subnet: { base: 0x0ad00100, prefix: 24, size: 256 },
      ingress: true,
      egress: [
        { to: { base: 0xcb007100, prefix: 24, size: 256 }, protocol: 'tcp', ports: [80, 443] },
      ],
      smtp: true,
      peers: [],
    },
  ],
  members,
  groups: [],
  hostRanges: [{ base: 0xc0a80000, prefix: 16, size: 65_536 }],
})

test('rules are made, and left alone while they are as they should be', async () => {
  const firewall = nftables(nft, nothing)
  const rules = ruleSet(PLACE, state(member(2)))
  await firewall.assert(rules, signal)
  assert.match(meddle('list', 'set', 'inet', PLACE.table, 'members'), /"cltest01" \. 02:c1/)
  assert.equal(await firewall.settle(rules, signal), false)
  const shown = meddle('-a', 'list', 'ruleset')
  assert.equal(await firewall.settle(rules, signal), false)
  await firewall.assert(rules, signal)
  assert.equal(meddle('-a', 'list', 'ruleset'), shown)
})

test('other elements are other sets; chains stay, with what the kernel has counted', async () => {
  const firewall = nftables(nft, nothing)
  await firewall.assert(ruleSet(PLACE, state(member(2))), signal)
  const chains = () => meddle('-a', '-t', 'list', 'table', 'inet', PLACE.table)
  const shown = chains()
  await firewall.assert(ruleSet(PLACE, state(member(3), member(4))), signal)
  assert.equal(chains(), shown)
  const members = meddle('list', 'set', 'inet', PLACE.table, 'members')
  assert.doesNotMatch(members, /10\.208\.1\.2\b/)
  assert.match(members, /10\.208\.1\.3\b/)
  assert.match(meddle('list', 'set', 'bridge', PLACE.table, 'pins'), /"veth4" \. 02:c1:0a:d0:01:04/)
})

const MEDDLING: Record<string, () => unknown> = {
  'everything was flushed': () => meddle('flush', 'ruleset'),
  'a chain was emptied': () => meddle('flush', 'chain', 'inet', PLACE.table, 'forward'),
  'a rule was added': () => meddle('insert', 'rule', 'inet', PLACE.table, 'to_host', 'accept'),
  'a set was emptied': () => meddle('flush', 'set', 'inet', PLACE.table, 'members'),
  'somebody was let in': () =>
    meddle(
      'add',
      'element',
      'inet',
      PLACE.table,
      'members',
      '{ "cltest01" . 02:00:00:00:00:01 . 10.208.1.9 }',
    ),
}

for (const [what, meddling] of Object.entries(MEDDLING)) {
  test(`${what}: the next look makes the rules anew`, async () => {
    const firewall = nftables(nft, nothing)
    const rules = ruleSet(PLACE, state(member(2)))
    await firewall.settle(rules, signal)
    const shown = meddle('list', 'ruleset')
    meddling()
    assert.notEqual(meddle('list', 'ruleset'), shown)
    assert.equal(await firewall.settle(rules, signal), true)
    assert.equal(meddle('list', 'ruleset'), shown)
    assert.equal(await firewall.settle(rules, signal), false)
  })
}

test('a start after everything was flushed finds the rules made anew', async () => {
  const firewall = nftables(nft, nothing)
  await firewall.assert(ruleSet(PLACE, state(member(2))), signal)
  meddle('flush', 'ruleset')
  await firewall.assert(ruleSet(PLACE, state(member(3))), signal)
  assert.match(meddle('list', 'chain', 'inet', PLACE.table, 'to_host'), /@members drop/)
})

test('rules that the kernel refuses leave those that were there', async () => {
  const firewall = nftables(nft, nothing)
  const rules = ruleSet(PLACE, state(member(2)))
  await firewall.assert(rules, signal)
  const shown = meddle('list', 'ruleset')
  const wrong = ruleSet(PLACE, state({ ...member(3), mac: 'no mac' }))
  await assert.rejects(firewall.assert(wrong, signal), FirewallError)
  assert.equal(meddle('list', 'ruleset'), shown)
  await firewall.assert(rules, signal)
  assert.equal(meddle('list', 'ruleset'), shown)
})

test('remove() takes the instance’s own tables, once or twice, and no other', async () => {
  const firewall = nftables(nft, nothing)
  meddle('add', 'table', 'inet', 'somebodys')
  await firewall.assert(ruleSet(PLACE, state(member(2))), signal)
  for (const _ of [1, 2]) await firewall.remove(PLACE.table, signal)
  assert.equal(meddle('list', 'tables').trim(), 'table inet somebodys')
})
