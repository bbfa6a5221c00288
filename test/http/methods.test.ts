import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiWorld, type ApiWorld, type Line } from '../support/api-world.ts'

const CONSOLE = 'https://console.example'

test('a method that a known path does not take is 405 and says which it takes', async () => {
  await using world = await apiWorld()
  for (const [line, allow] of [
    ['PUT /v1/tenants', 'GET, HEAD, OPTIONS, POST'],
    ['POST /v1/tenants/aa', 'DELETE, GET, HEAD, OPTIONS, PATCH'],
    ['GET /v1/keys/k/rotate', 'OPTIONS, POST'],
    ['DELETE /v1/openapi.json', 'GET, HEAD, OPTIONS'],
    ['PATCH /v1/health', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const answer = await world.call(line)
    assert.equal(answer.status, 405, line)
    assert.equal(answer.headers.get('allow'), allow, line)
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  }
  for (const line of ['PUT /v1/nothing', 'GET /v1/tenants/aa/', 'GET /V1/tenants'] as const) {
    assert.equal((await world.call(line)).status, 404, line)
  }
})

test('OPTIONS says what a path takes, without a key', async () => {
  await using world = await apiWorld()
  const answer = await world.call('OPTIONS /v1/tenants/aa')
  assert.equal(answer.status, 204)
  assert.equal(answer.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, PATCH')
  assert.equal(answer.headers.get('access-control-allow-origin'), null)
  assert.equal((await world.call('OPTIONS /v1/nothing')).status, 404)
})

test('HEAD is GET without the body', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const ask = (line: Line) => world.call(line, { token })
  const [get, head] = [await ask('GET /v1/tenants/aa'), await ask('HEAD /v1/tenants/aa')]
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('etag'), get.headers.get('etag'))
  assert.equal(await head.text(), '')
  assert.equal((await ask('HEAD /v1/tenants/bb')).status, 404)
})

const preflight = (world: ApiWorld, origin: string) =>
  world.call('OPTIONS /v1/tenants/aa', {
    headers: { origin, 'access-control-request-method': 'PATCH' },
  })

test('pages of a named origin may read answers, and of no other', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const ask = (origin: string) => world.call('GET /v1/whoami', { token, headers: { origin } })
  const named = await ask(CONSOLE)
  assert.equal(named.headers.get('access-control-allow-origin'), CONSOLE)
  assert.match(named.headers.get('access-control-expose-headers') ?? '', /etag.*retry-after/)
  assert.equal(named.headers.get('access-control-allow-credentials'), null)
  for (const other of [
    'https://evil.example',
    `${CONSOLE}.evil.example`,
    'null',
    'http://console.example',
  ]) {
    const answer = await ask(other)
    assert.equal(answer.headers.get('access-control-allow-origin'), null, other)
    assert.match(answer.headers.get('vary') ?? '', /origin/)
    assert.equal((await preflight(world, other)).headers.get('access-control-allow-methods'), null)
  }
  // A refusal can be read too, or a page could not say what is wrong.
  const refused = await world.call('GET /v1/whoami', { headers: { origin: CONSOLE } })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('access-control-allow-origin'), CONSOLE)
})

test('a preflight is told methods and headers', async () => {
  await using world = await apiWorld()
  const answer = await preflight(world, CONSOLE)
  assert.equal(answer.status, 204)
  assert.equal(
    answer.headers.get('access-control-allow-methods'),
    'DELETE, GET, HEAD, OPTIONS, PATCH',
  )
  assert.match(
    answer.headers.get('access-control-allow-headers') ?? '',
    /authorization.*idempotency-key/,
  )
})

test('without a named origin there is nothing of it', async () => {
  await using world = await apiWorld([], { corsOrigins: [] })
  const answer = await preflight(world, CONSOLE)
  const names = [...answer.headers.keys()].filter((name) => name.startsWith('access-control'))
  assert.deepEqual(names, [])
  assert.equal(answer.headers.get('vary'), null)
})
