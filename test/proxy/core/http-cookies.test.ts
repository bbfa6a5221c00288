import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { withinZone } from '../../../proxy/core/http-cookies.ts'
import { responseFields, responseForClient } from '../../../proxy/core/http-forward.ts'
import { readResponseHead } from '../../../proxy/core/http-response.ts'

const ZONE = 'acme.cloud.local'

/** Which of these cookies get through, over HTTP/1.1 and over HTTP/2. */
function passed(...cookies: readonly string[]): string[] {
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join('')
  const text = `HTTP/1.1 200 OK\r\nA: b\r\n${lines}Content-Length: 0\r\n\r\n`
  const head = readResponseHead(Buffer.from(text, 'latin1'), 'GET')
  assert.ok(head.kind === 'head')
  const kept = withinZone(head, ZONE)
  const http2 = responseFields(kept).filter(([name]) => name === 'set-cookie')
  const shape = { chunked: false, connection: '', date: '' } as const
  const http1 = responseForClient(kept, shape)
    .split('\r\n')
    .filter((line) => line.startsWith('Set-Cookie: '))
    .map((line) => line.slice(12))
  assert.deepEqual(
    http2.map(([, value]) => value),
    http1,
  )
  return http1
}

test('a cookie within the zone of its tenant passes as it came', () => {
  const cookies = [
    'a=1',
    'a=1; Path=/; HttpOnly; SameSite=Strict',
    'a=1; Domain=acme.cloud.local',
    'a=1; Domain=.acme.cloud.local; Secure',
    'a=1; domain=web.acme.cloud.local',
    'a=1; Domain=',
    'domain=cloud.local; Path=/',
  ]
  assert.deepEqual(passed(...cookies), cookies)
})

const FOREIGN = [
  'a=1; Domain=cloud.local',
  'a=1; Domain=.cloud.local',
  'a=1; Domain=local',
  'a=1; Domain=other.cloud.local',
  'a=1; Domain=xacme.cloud.local',
  'a=1; DOMAIN = Cloud.Local',
  'a=1;Domain=cloud.local.',
  'a=1; Domain="cloud.local"',
  'a=1; Domain=acme.cloud.local; Domain=cloud.local',
  'a=1; Domain=cloud.local; Domain=acme.cloud.local',
  'a=1;\tdomain=\tcloud.local',
]
for (const cookie of FOREIGN) {
  test(`a cookie that leaves the zone is dropped alone: ${JSON.stringify(cookie)}`, () => {
    assert.deepEqual(passed('first=1', cookie, 'last=1'), ['first=1', 'last=1'])
  })
}

test('a cookie that is made to be slow is judged in no time', () => {
  const value = `a=1; Domain=x${'.'.repeat(60_000)}x`
  const began = performance.now()
  assert.deepEqual(passed(value), [])
  // It took seconds where each dot was tried as the beginning of the end; a busy machine takes a few milliseconds.
  assert.ok(performance.now() - began < 200)
})
