import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ENDPOINTS } from '../../src/contract/all.ts'
import { offersOf, preferred } from '../../src/http/accept.ts'
import { cloudWorld } from '../support/cloud-world.ts'

const FEED = ['application/json', 'application/x-ndjson', 'text/event-stream'] as const
const LOG = ['text/plain', 'application/x-ndjson', 'text/event-stream'] as const

test('preferred() takes what a client says that it likes best (RFC 9110 §12.5.1)', () => {
  for (const [accept, expected] of [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['TEXT/Event-Stream', 'text/event-stream'],
    ['application/json, text/event-stream', 'application/json'],
    ['text/event-stream, application/json', 'text/event-stream'],
    ['application/json;q=0.5, text/event-stream', 'text/event-stream'],
    ['application/x-ndjson;q=0.2, */*;q=0.1', 'application/x-ndjson'],
    ['*/*, application/json;q=0', 'application/x-ndjson'],
    ['application/json;charset=utf-8;q=1.000', 'application/json'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json'],
    ['application/json;q=0', undefined],
    ['image/png', undefined],
    ['text/html, application/xml;q=0.9', undefined],
    ['json', undefined],
  ] as const) {
    assert.equal(preferred(accept, FEED), expected, String(accept))
  }
  assert.equal(preferred('text/*', LOG), 'text/plain')
  assert.equal(preferred('text/*;q=0, text/plain', LOG), 'text/plain')
  assert.equal(preferred('application/json', LOG), undefined)
})

test('preferred() takes any text, and answers what was offered or nothing', () => {
  const word = fc.constantFrom('*', '/', 'text', 'application', 'json', ';', 'q=0.3', ',', ' ', '"')
  const accept = fc.oneof(
    fc.string(),
    fc.array(word).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(accept, (text) => {
      const found = preferred(text, FEED)
      assert.ok(found === undefined || FEED.includes(found))
    }),
  )
})

test('every endpoint refuses with 406 who takes nothing of what it has, and says what there is', async () => {
  await using world = await cloudWorld()
  const { apiKey: token } = world.admin
  const shown = ENDPOINTS.filter(({ method, path }) => method === 'get' && !path.includes('{'))
  assert.ok(shown.length > 10)
  for (const e of shown) {
    const headers = { accept: 'image/png' }
    const answer = await world.call(`GET ${e.path}`, { token, headers })
    assert.equal(answer.status, 406, e.path)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    const { offered, type }: { offered?: unknown; type?: unknown } = Object(await answer.json())
    assert.deepEqual([type, offered], ['/problems/not-acceptable', offersOf(e)])
  }
})

test('who is not let in hears of that first', async () => {
  await using world = await cloudWorld()
  const answer = await world.call('GET /v1/events', { headers: { accept: 'image/png' } })
  assert.equal(answer.status, 401)
})
