import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  httpStatus,
  observed,
  pauseMs,
  reportOf,
  unknownHealth,
  type Health,
} from '../../../proxy/core/health.ts'
import type { MemberCheck } from '../../../proxy/core/route-table.ts'

const CHECK: MemberCheck = {
  kind: 'http',
  port: 80,
  path: '/healthz',
  intervalMs: 1000,
  timeoutMs: 500,
  retries: 3,
  startPeriodMs: 5000,
}

/** Runs through findings, each at a time: `+1000` is a success then, `-1000` a failure. */
function after(...findings: readonly string[]): Health {
  return checked(CHECK, ...findings)
}

function checked(check: MemberCheck, ...findings: readonly string[]): Health {
  return findings.reduce(
    (health, each) =>
      observed(health, check, {
        ok: each.startsWith('+'),
        reason: each,
        now: Number(each.slice(1)),
      }),
    unknownHealth(0),
  )
}

test('observed() is healthy after one success', () => {
  assert.equal(unknownHealth(0).verdict, 'unknown')
  assert.equal(after('+10').verdict, 'healthy')
  assert.equal(after('-5000', '-6000', '-7000', '+8000').verdict, 'healthy')
})

test('observed() counts no failure in the start period', () => {
  assert.equal(after('-10', '-1000', '-2000', '-3000', '-4000', '-4999').verdict, 'unknown')
  assert.equal(after('-4999', '-5000', '-6000').verdict, 'unknown')
  assert.equal(after('-4999', '-5000', '-6000', '-7000').verdict, 'unhealthy')
})

test('observed() ends the start period with the first success', () => {
  assert.equal(after('+10', '-1000', '-2000').verdict, 'healthy')
  assert.equal(after('+10', '-1000', '-2000', '-3000').verdict, 'unhealthy')
})

test('observed() wants the failures in a row', () => {
  assert.equal(after('+10', '-1000', '-2000', '+3000', '-4000', '-5000').verdict, 'healthy')
})

test('observed() counts one failure an interval, however often it looks', () => {
  const eager = Array.from({ length: 40 }, (_, i) => `-${5000 + i * 10}`)
  assert.equal(after(...eager).verdict, 'unknown')
  assert.equal(after(...eager, '-6000', '-7000').verdict, 'unhealthy')
})

const THRICE = { ...CHECK, successes: 3 }

test('observed() wants as many successes in a row as the check says, at first and again', () => {
  assert.equal(checked(THRICE, '+10', '+20').verdict, 'unknown')
  assert.equal(checked(THRICE, '+10', '+20', '-30', '+40', '+50').verdict, 'unknown')
  assert.equal(checked(THRICE, '+10', '+20', '+30').verdict, 'healthy')
  const sick = ['+1', '+2', '+3', '-1000', '-2000', '-3000'] as const
  assert.equal(checked(THRICE, ...sick, '+4000', '+5000').verdict, 'unhealthy')
  assert.equal(checked(THRICE, ...sick, '+4000', '+5000', '-6000', '+7000').verdict, 'unhealthy')
  assert.equal(checked(THRICE, ...sick, '+4000', '+5000', '+6000').verdict, 'healthy')
})

test('observed() goes on saying why a container is unhealthy until it is healthy again', () => {
  const sick = ['+1', '+2', '+3', '-1000', '-2000', '-3000'] as const
  assert.equal(checked(THRICE, ...sick, '+4000').reason, '-3000')
  assert.equal(checked(THRICE, ...sick, '+4000', '+5000', '+6000').reason, '+6000')
})

test('one failure between successes does not make a healthy container unhealthy', () => {
  const flapping = ['+1', '+2', '+3', '-1000', '+2000', '-3000', '+4000', '-5000'] as const
  assert.equal(checked(THRICE, ...flapping).verdict, 'healthy')
})

test('reportOf() says nothing before something is known', () => {
  const member = { id: 'a', run: 4 }
  assert.equal(reportOf(member, unknownHealth(0)), null)
  assert.deepEqual(reportOf(member, after('+10')), {
    id: 'a',
    run: 4,
    healthy: true,
    reason: '+10',
  })
})

/** While nothing has answered yet. */
function pause(age: number): number {
  return pauseMs(unknownHealth(0), CHECK, { now: age, id: 'a' })
}

test('pauseMs() is short while a container starts, and a twentieth of its age at most', () => {
  assert.deepEqual(
    [0, 100, 200, 1000, 4000, 5000, 59_000].map(pause),
    [10, 10, 10, 50, 200, 250, 250],
  )
  assert.ok(pause(61_000) >= 900)
})

test('pauseMs() is the interval and a tenth to either side once a container has answered', () => {
  const pauses = Array.from({ length: 200 }, (_, i) =>
    pauseMs(after('+10', '+20'), CHECK, { now: i * 7, id: `c${i}` }),
  )
  assert.ok(pauses.every((each) => each >= 900 && each <= 1100))
  assert.ok(Math.max(...pauses) - Math.min(...pauses) > 150)
})

test('containers that came up at the same moment are not looked at together from then on', () => {
  const pauses = Array.from({ length: 1000 }, (_, i) =>
    pauseMs(after('+10'), CHECK, { now: 10, id: `c${i}` }),
  )
  const tenths = Array.from(
    { length: 10 },
    (_, i) => pauses.filter((each) => Math.floor(each / 100) === i).length,
  )
  assert.ok(Math.max(...tenths) < 200, `of a thousand in each tenth: ${tenths.join(' ')}`)
  assert.ok(Math.max(...pauses) <= 1100 && Math.min(...pauses) >= 90)
})

test('pauseMs() stays eager until there were enough successes', () => {
  const pauses = [checked(THRICE, '+10'), checked(THRICE, '+10', '+20')].map((health) =>
    pauseMs(health, THRICE, { now: 20, id: 'a' }),
  )
  assert.deepEqual(pauses, [10, 10])
})

test('pauseMs() is never longer than an interval that is shorter than eagerness', () => {
  const quick = { ...CHECK, intervalMs: 100 }
  assert.ok(pauseMs(unknownHealth(0), quick, { now: 59_000, id: 'a' }) <= 110)
})

function read(text: string): ReturnType<typeof httpStatus> {
  return httpStatus(Buffer.from(text, 'latin1'))
}

test('httpStatus() reads status lines, and waits for their end', () => {
  assert.equal(read('HTTP/1.1 200 OK\r\n'), 200)
  assert.equal(read('HTTP/1.0 404\r\n'), 404)
  assert.equal(read('HTTP/1.1 299 \r\nrest'), 299)
  assert.equal(read('HTTP/1.1 101 Switching\r\n'), 101)
  assert.equal(read('HTTP/1.1 200 OK'), 'more')
  assert.equal(read(''), 'more')
  assert.equal(read('HTTP/1.1 100 Continue\r\n'), 'more')
  assert.equal(read('HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n'), 204)
})

test('httpStatus() takes nothing else for an answer', () => {
  const lines = [
    'HTTP/2 200',
    'HTTP/1.1 200OK',
    'HTTP/1.1  200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 600 OK',
    'HTTP/1.1 200 \x00',
    'SSH-2.0-x',
    '',
  ]
  for (const line of lines) assert.equal(httpStatus(Buffer.from(`${line}\r\n`)), 'malformed', line)
  assert.equal(httpStatus(Buffer.alloc(17_000, 'a')), 'malformed')
  const endless = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000))
  assert.equal(httpStatus(endless), 'malformed')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const status = httpStatus(Buffer.from(bytes))
      assert.ok(status === 'more' || status === 'malformed')
    }),
  )
})
