import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr, type Cidr } from '../../src/core/cidr.ts'
import {
  ruleSet,
  type FirewallMember,
  type FirewallNetwork,
  type FirewallPlace,
  type RuleSet,
} from '../../src/core/firewall.ts'

const PLACE: FirewallPlace = {
  table: 'cloudlet_abcd',
  bridgePrefix: 'clabcd',
  resolver: '10.208.0.53',
  ingressPorts: [80, 443],
  mostConnections: 7,
}

function range(text: string): Cidr {
  const read = parseCidr(text)
  assert.ok(read, text)
  return read
}

const network = (n: number, change: Partial<FirewallNetwork> = {}): FirewallNetwork => ({
  bridge: `clabcd0${n}`,
  subnet: range(`10.208.${n}.0/24`),
  ingress: false,
  egress: 'open',
  smtp: false,
  peers: [],
  ...change,
})

const member = (n: number, host: number, port?: string): FirewallMember => ({
  bridge: `clabcd0${n}`,
  address: `10.208.${n}.${host}`,
  mac: `02:c1:0a:d0:0${n}:0${host}`,
  ...(port !== undefined && { port }),
})

const elements = ({ sets }: RuleSet, name: string): readonly string[] => {
  const found = sets.find((one) => one.name === name)
  assert.ok(found, name)
  return found.elements
}

test('ruleSet() names every member by bridge, hardware address and address', () => {
  const rules = ruleSet(PLACE, {
    groups: [],
    networks: [],
    members: [member(1, 2)],
    hostRanges: [],
  })
  assert.deepEqual(elements(rules, 'members'), ['"clabcd01" . 02:c1:0a:d0:01:02 . 10.208.1.2'])
})

test('ruleSet() pins a cable once it is known, and none before', () => {
  const members = [member(1, 2, 'veth12'), member(1, 3)]
  const rules = ruleSet(PLACE, { groups: [], networks: [], members, hostRanges: [] })
  assert.deepEqual(elements(rules, 'ports'), ['"veth12"'])
  assert.deepEqual(elements(rules, 'hardware'), ['"veth12" . 02:c1:0a:d0:01:02'])
  assert.deepEqual(elements(rules, 'pins'), ['"veth12" . 02:c1:0a:d0:01:02 . 10.208.1.2'])
})

test('ruleSet() links a network with itself and with its peers, and with no other', () => {
  const networks = [network(1, { peers: ['clabcd02'] }), network(2, { peers: ['clabcd01'] })]
  const rules = ruleSet(PLACE, {
    groups: [],
    networks: [...networks, network(3)],
    members: [],
    hostRanges: [],
  })
  assert.deepEqual(elements(rules, 'linked'), [
    '"clabcd01" . "clabcd01"',
    '"clabcd01" . "clabcd02"',
    '"clabcd02" . "clabcd02"',
    '"clabcd02" . "clabcd01"',
    '"clabcd03" . "clabcd03"',
  ])
})

test('ruleSet() lets a network out as its policy says', () => {
  const rule = { to: range('203.0.113.0/24'), protocol: 'tcp', ports: [80, 443] } as const
  const networks = [network(1), network(2, { egress: 'none' }), network(3, { egress: [rule] })]
  const rules = ruleSet(PLACE, { groups: [], networks, members: [], hostRanges: [] })
  assert.deepEqual(elements(rules, 'egress_open'), ['"clabcd01"'])
  assert.deepEqual(elements(rules, 'egress_rules'), [
    '10.208.3.0/24 . 203.0.113.0/24 . tcp . 80-443',
  ])
})

test('ruleSet() never lets anybody out to the host’s own ranges, or to those of nobody', () => {
  const hostRanges = [range('198.51.100.0/24')]
  const never = elements(
    ruleSet(PLACE, { groups: [], networks: [], members: [], hostRanges }),
    'never',
  )
  assert.ok(never.includes('169.254.0.0/16'))
  assert.ok(never.includes('10.0.0.0/8'))
  assert.ok(never.includes('198.51.100.0/24'))
})

test('ruleSet() has one frame for a place, whoever is there', () => {
  const empty = ruleSet(PLACE, { groups: [], networks: [], members: [], hostRanges: [] })
  const full = ruleSet(PLACE, {
    groups: [],
    networks: [network(1, { ingress: true, smtp: true })],
    members: [member(1, 2, 'veth12')],
    hostRanges: [range('198.51.100.0/24')],
  })
  assert.equal(full.frame, empty.frame)
  assert.notEqual(
    ruleSet(
      { ...PLACE, mostConnections: 8 },
      {
        networks: [],
        members: [],
        groups: [],
        hostRanges: [],
      },
    ).frame,
    empty.frame,
  )
  assert.deepEqual(elements(full, 'ingress_open'), ['"clabcd01"'])
  assert.deepEqual(elements(full, 'smtp_open'), ['"clabcd01"'])
})
