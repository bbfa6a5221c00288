import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressNumber, parseCidr } from '../../src/core/cidr.ts'
import { ruleProblem, securityGroups, type AskedRule } from '../../src/core/firewall-rules.ts'
import {
  guardElements,
  mayBegin,
  PROTOCOLS,
  type Beginning,
  type GuardElements,
  type SecurityGroups,
} from '../../src/core/security-groups.ts'

const NAMES = ['web', 'db', 'cache']
const ADDRESSES = ['10.0.0.2', '10.0.0.3', '10.0.1.2', '10.0.1.3', '10.0.1.4']
const RANGES = ['10.0.0.0/16', '10.0.0.0/24', '10.0.1.2/31', '10.0.1.3/32', '0.0.0.0/0']
const OUTSIDE = '203.0.113.7'
const PORTS = [21, 22, 23, 25, 26]

/** Few enough values that rules meet. */
const aRule: fc.Arbitrary<AskedRule> = fc
  .record({
    who: fc.oneof(
      fc.constantFrom(...NAMES).map((firewall) => ({ firewall })),
      fc.constantFrom(...RANGES).map((cidr) => ({ cidr })),
      fc.constant({}),
    ),
    protocol: fc.constantFrom(undefined, ...PROTOCOLS),
    ports: fc.option(
      fc.tuple(fc.integer({ min: 21, max: 26 }), fc.nat(4)).map(([from, more]) => {
        return more === 0 ? String(from) : `${from}-${from + more}`
      }),
      { nil: undefined },
    ),
  })
  .map(({ who, protocol, ports }) => ({
    ...who,
    protocol,
    ports: protocol === 'icmp' ? undefined : ports,
  }))

const someRules = fc.option(fc.array(aRule, { maxLength: 4 }), { nil: null })

const someGroups: fc.Arbitrary<SecurityGroups> = fc
  .record({
    rules: fc.tuple(...NAMES.map(() => fc.tuple(someRules, someRules))),
    carried: fc.array(fc.subarray(NAMES), { minLength: 5, maxLength: 5 }),
    closed: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
  })
  .map(({ rules, carried, closed }) =>
    securityGroups(
      NAMES.map((name, i) => ({
        name,
        ingressJson: JSON.stringify(rules[i]?.[0] ?? null),
        egressJson: JSON.stringify(rules[i]?.[1] ?? null),
      })),
      ADDRESSES.map((address, i) => ({
        groups: carried[i] ?? [],
        addresses: [{ address, isClosed: closed[i] === true }],
      })),
    ),
  )

const HOSTS = [...ADDRESSES, OUTSIDE]
const PACKETS: readonly Beginning[] = HOSTS.flatMap((from) =>
  HOSTS.flatMap((to) =>
    PROTOCOLS.flatMap((protocol) =>
      (protocol === 'icmp' ? [0] : PORTS).map((port) => ({ from, to, protocol, port })),
    ),
  ),
)

interface Entry {
  readonly self: string
  readonly first: number
  readonly last: number
  readonly protocol: string
  readonly ports: readonly number[]
}

function entryOf(element: string): Entry {
  const [self = '', other = '', protocol = '', ports = ''] = element.split(' . ')
  const range = parseCidr(other)
  const [from = '', to = from] = other.split('-')
  const first = range?.base ?? addressNumber(from) ?? Number.NaN
  const last = range ? range.base + range.size - 1 : (addressNumber(to) ?? Number.NaN)
  return { self, first, last, protocol, ports: ports.split('-').map(Number) }
}

const meet = (a: readonly number[], b: readonly number[]): boolean =>
  (a[0] ?? 0) <= (b[1] ?? b[0] ?? 0) && (b[0] ?? 0) <= (a[1] ?? a[0] ?? 0)

const overlap = (one: Entry, other: Entry): boolean =>
  one.self === other.self &&
  one.protocol === other.protocol &&
  meet([one.first, one.last], [other.first, other.last]) &&
  meet(one.ports, other.ports)

/** What the two rules of the chain `guarded` say of a packet, by what is in their sets. */
function passes(sets: GuardElements, { from, to, protocol, port }: Beginning): boolean {
  const isIn = (elements: readonly string[], self: string, other: string): boolean =>
    elements.map(entryOf).some((entry) => {
      const number = addressNumber(other) ?? Number.NaN
      return (
        entry.self === self &&
        entry.protocol === protocol &&
        number >= entry.first &&
        number <= entry.last &&
        meet(entry.ports, [port, port])
      )
    })
  const isOut = !sets.guarded_out.includes(from) || isIn(sets.let_out, from, to)
  return isOut && (!sets.guarded_in.includes(to) || isIn(sets.let_in, to, from))
}

test('the elements of the packet filter say the same as mayBegin() of every packet, and do not overlap', () => {
  fc.assert(
    fc.property(someGroups, (all) => {
      const sets = guardElements(all)
      for (const elements of [sets.let_in, sets.let_out]) {
        const entries = elements.map(entryOf)
        const overlapping = entries.filter((one, i) =>
          entries.slice(i + 1).some((other) => overlap(one, other)),
        )
        assert.deepEqual(overlapping, [])
      }
      for (const packet of PACKETS) {
        assert.equal(passes(sets, packet), mayBegin(all, packet), JSON.stringify(packet))
      }
    }),
    { numRuns: 60 },
  )
})

const member = (address: string, groups: readonly string[], isClosed = false) => ({
  groups,
  addresses: [{ address, isClosed }],
})

const asked = (
  name: string,
  ingress: readonly AskedRule[] | null,
  egress: typeof ingress = null,
) => ({
  name,
  ingressJson: JSON.stringify(ingress),
  egressJson: JSON.stringify(egress),
})

const tcp = (from: string, to: string, port: number): Beginning => ({
  from,
  to,
  port,
  protocol: 'tcp',
})

test('mayBegin() lets everything begin where nothing guards, and nothing where a list is empty', () => {
  const all = securityGroups(
    [asked('shut', [])],
    [member('10.0.0.2', []), member('10.0.0.3', ['shut'])],
  )
  assert.equal(mayBegin(all, tcp('10.0.0.3', '10.0.0.2', 80)), true)
  assert.equal(mayBegin(all, tcp('10.0.0.2', '10.0.0.3', 80)), false)
})

test('mayBegin() adds the rules of all groups of a container', () => {
  const all = securityGroups(
    [asked('one', [{ ports: '80', protocol: 'tcp' }]), asked('two', [{ ports: '81' }])],
    [member('10.0.0.2', []), member('10.0.0.3', ['one', 'two'])],
  )
  const open = [79, 80, 81, 82].filter((port) => mayBegin(all, tcp('10.0.0.2', '10.0.0.3', port)))
  assert.deepEqual(open, [80, 81])
})

test('mayBegin() wants both sides to let it', () => {
  const all = securityGroups(
    [
      asked('web', null, [{ firewall: 'db', ports: '5432' }]),
      asked('db', [{ firewall: 'web', ports: '5432-5433' }]),
    ],
    [member('10.0.0.2', ['web']), member('10.0.0.3', ['db']), member('10.0.0.4', [])],
  )
  assert.equal(mayBegin(all, tcp('10.0.0.2', '10.0.0.3', 5432)), true)
  assert.equal(mayBegin(all, tcp('10.0.0.2', '10.0.0.3', 5433)), false)
  assert.equal(mayBegin(all, tcp('10.0.0.4', '10.0.0.3', 5432)), false)
  assert.equal(mayBegin(all, tcp('10.0.0.2', OUTSIDE, 443)), false)
})

test('mayBegin() keeps a closed network closed but for rules', () => {
  const all = securityGroups(
    [asked('db', [{ ports: '5432' }])],
    [member('10.0.0.2', [], true), member('10.0.0.3', ['db'], true)],
  )
  assert.equal(mayBegin(all, tcp('10.0.0.3', '10.0.0.2', 5432)), false)
  assert.equal(mayBegin(all, tcp('10.0.0.2', '10.0.0.3', 5432)), true)
})

const problemWith = (rule: AskedRule) =>
  ruleProblem([{ firewall: 'db' }, rule], (name) => name === 'db')?.field

test('ruleProblem() names what says nothing', () => {
  assert.equal(problemWith({}), undefined)
  assert.equal(problemWith({ cidr: '0.0.0.0/0', ports: '1-65535' }), undefined)
  assert.equal(problemWith({ firewall: 'web' }), 'firewall')
  assert.equal(problemWith({ firewall: 'db', cidr: '10.0.0.0/8' }), 'cidr')
  assert.equal(problemWith({ cidr: '10.0.0.1/8' }), 'cidr')
  assert.equal(problemWith({ ports: '80-79' }), 'ports')
  assert.equal(problemWith({ ports: '0' }), 'ports')
  assert.equal(problemWith({ protocol: 'icmp', ports: '1' }), 'ports')
})
