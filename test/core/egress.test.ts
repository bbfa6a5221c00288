import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressText, cidrText, overlaps, parseCidr } from '../../src/core/cidr.ts'
import { egressProblem, egressRules, type AskedEgress } from '../../src/core/egress.ts'

const rule = (cidr: string, ports: string, protocol: 'tcp' | 'udp' = 'tcp'): AskedEgress => ({
  cidr,
  protocol,
  ports,
})

const texts = (rules: ReturnType<typeof egressRules>): string[] =>
  rules.map(({ to, protocol, ports }) => `${protocol} ${cidrText(to)} ${ports.join('-')}`)

/** Few enough that they meet. */
const aRule = fc
  .record({
    prefix: fc.integer({ min: 28, max: 32 }),
    host: fc.nat(15),
    from: fc.integer({ min: 20, max: 30 }),
    more: fc.nat(6),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  })
  .map(({ prefix, host, from, more, protocol }) => {
    const size = 2 ** (32 - prefix)
    const base = 0xcb007100 + Math.floor(host / size) * size
    return rule(`${addressText(base)}/${prefix}`, `${from}-${from + more}`, protocol)
  })

test('egressRules() opens exactly what was asked for, and no two rules overlap', () => {
  fc.assert(
    fc.property(fc.array(aRule, { maxLength: 8 }), fc.boolean(), (asked, smtp) => {
      const rules = egressRules(asked, smtp)
      for (const [i, one] of rules.entries()) {
        for (const other of rules.slice(i + 1)) {
          const meet =
            one.protocol === other.protocol &&
            overlaps(one.to, other.to) &&
            one.ports[0] <= other.ports[1] &&
            other.ports[0] <= one.ports[1]
          assert.ok(!meet, texts(rules).join(', '))
        }
      }
      for (const protocol of ['tcp', 'udp'] as const) {
        for (let host = 0xcb007100; host < 0xcb007110; host++) {
          for (let port = 19; port < 38; port++) {
            const wanted = asked.some((each) => {
              const to = parseCidr(each.cidr ?? '')
              const [from = 0, until = from] = each.ports.split('-').map(Number)
              const isThere = to && host >= to.base && host < to.base + to.size
              return isThere && each.protocol === protocol && port >= from && port <= until
            })
            const isOpen = rules.some(
              ({ to, ports, protocol: own }) =>
                own === protocol &&
                host >= to.base &&
                host < to.base + to.size &&
                port >= ports[0] &&
                port <= ports[1],
            )
            assert.equal(isOpen, wanted && (smtp || protocol === 'udp' || port !== 25))
          }
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('egressRules() leaves a range inside another what that one has not', () => {
  const asked = [rule('203.0.113.0/24', '80'), rule('203.0.113.7/32', '79-90')]
  assert.deepEqual(texts(egressRules(asked, false)), [
    'tcp 203.0.113.0/24 80-80',
    'tcp 203.0.113.7/32 79-79',
    'tcp 203.0.113.7/32 81-90',
  ])
})

test('egressRules() keeps port 25 of TCP closed, unless mail is allowed', () => {
  const all = [rule('0.0.0.0/0', '1-65535')]
  assert.deepEqual(texts(egressRules(all, false)), ['tcp 0.0.0.0/0 1-24', 'tcp 0.0.0.0/0 26-65535'])
  assert.deepEqual(texts(egressRules(all, true)), ['tcp 0.0.0.0/0 1-65535'])
})

test('egressProblem() names the rule that says nothing, or what can never be', () => {
  const good = rule('203.0.113.0/24', '443')
  assert.equal(egressProblem([good, rule('0.0.0.0/0', '1-65535')]), undefined)
  for (const [bad, field] of [
    [rule('203.0.113.1/24', '443'), 'cidr'],
    [rule('example.com', '443'), 'cidr'],
    [rule('10.0.0.0/8', '443'), 'cidr'],
    [rule('169.254.169.254/32', '80'), 'cidr'],
    [rule('192.168.1.0/24', '80'), 'cidr'],
    [rule('203.0.113.0/24', '0'), 'ports'],
    [rule('203.0.113.0/24', '65536'), 'ports'],
    [rule('203.0.113.0/24', '90-80'), 'ports'],
    [rule('203.0.113.0/24', '80,443'), 'ports'],
    [rule('203.0.113.0/24', ''), 'ports'],
  ] as const) {
    const problem = egressProblem([good, bad])
    assert.deepEqual([problem?.index, problem?.field], [1, field], JSON.stringify(bad))
  }
})

test('egressProblem() and egressRules() throw at nothing', () => {
  const any = fc.record({
    cidr: fc.string(),
    ports: fc.string(),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  })
  fc.assert(
    fc.property(fc.array(any), (asked) => {
      egressProblem(asked)
      egressRules(asked, false)
    }),
  )
})
