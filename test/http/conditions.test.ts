import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENDPOINTS } from '../../src/contract/all.ts'
import { answerOf, etagOf } from '../../src/http/answer.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

const TENANT = '/v1/tenants/aa'

const patched = (world: ApiWorld, match: string, containers: number) =>
  world.call(`PATCH ${TENANT}`, {
    token: world.admin.apiKey,
    body: { limits: { containers } },
    headers: { 'if-match': match },
  })

async function tagOf(world: ApiWorld): Promise<string> {
  const answer = await world.call(`GET ${TENANT}`, { token: world.admin.apiKey })
  return answer.headers.get('etag') ?? ''
}

test('a resource has a strong ETag that changes with it and with nothing else', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const tag = await tagOf(world)
  assert.match(tag, /^"[\w-]{22}"$/)
  assert.equal(await tagOf(world), tag)
  await patched(world, '*', 3)
  assert.notEqual(await tagOf(world), tag)
})

test('who has it already gets 304 and no body', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const tag = await tagOf(world)
  const { apiKey: token } = world.admin
  for (const [known, status] of [
    [tag, 304],
    [`W/${tag}`, 304],
    [`"other", ${tag}`, 304],
    ['*', 304],
    ['"other"', 200],
    [tag.slice(0, -1), 422],
  ] as const) {
    const headers = { 'if-none-match': known }
    const answer = await world.call(`GET ${TENANT}`, { token, headers })
    assert.equal(answer.status, status, known)
    if (status !== 304) continue
    assert.equal(await answer.text(), '')
    assert.equal(answer.headers.get('etag'), tag)
  }
})

test('a change under If-Match is refused once another has come between', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const tag = await tagOf(world)
  const first = await patched(world, tag, 3)
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('etag'), await tagOf(world))
  const late = await patched(world, tag, 4)
  assert.equal(late.status, 412)
  assert.equal((await world.tenants.get('aa')).limits.containers, 3)
  assert.equal((await patched(world, `"x", ${await tagOf(world)}`, 5)).status, 200)
  assert.equal((await patched(world, `W/${await tagOf(world)}`, 6)).status, 412)
  assert.equal((await patched(world, 'x', 6)).status, 422)
})

test('a deletion under If-Match takes only what was read', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const tag = await tagOf(world)
  await patched(world, tag, 3)
  const { apiKey: token } = world.admin
  const remove = (match: string) =>
    world.call(`DELETE ${TENANT}`, { token, headers: { 'if-match': match } })
  assert.equal((await remove(tag)).status, 412)
  assert.equal((await remove(await tagOf(world))).status, 200)
})

test('a condition that nobody would look at is refused, not ignored', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  for (const header of ['if-match', 'if-none-match']) {
    const answer = await world.call('POST /v1/tenants', {
      token,
      body: { slug: 'aa' },
      headers: { [header]: '*' },
    })
    assert.equal(answer.status, 422, header)
  }
})

test('every change of a container or a tenant that is there takes If-Match', () => {
  const changes = ENDPOINTS.filter(
    ({ id, method, path }) =>
      /^(containers|tenants)\./.test(id) &&
      method !== 'get' &&
      /\{(container|tenant)\}(\/\w+)?$/.test(path),
  )
  const open = changes.filter(({ conditional }) => conditional !== true).map(({ id }) => id)
  assert.deepEqual(open, ['containers.create'])
  assert.ok(changes.length > 6)
})

test('the tag of a resource with generations begins with its generation', () => {
  const e = ENDPOINTS.find(({ id }) => id === 'containers.get')
  assert.ok(e)
  assert.match(etagOf('{"generation":7,"state":"running"}'), /^"7\.[\w-]{22}"$/)
  assert.notEqual(etagOf('{"generation":7}'), etagOf('{"generation":7,"state":"b"}'))
  assert.throws(() => answerOf(e, {}, 200))
})
