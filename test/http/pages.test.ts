import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { apiWorld, type ApiWorld, type Line } from '../support/api-world.ts'

const Page = z.looseObject({ items: z.array(z.looseObject({})), nextCursor: z.string().nullable() })

async function page(world: ApiWorld, path: `/${string}`) {
  const answer = await world.call(`GET ${path}`, { token: world.admin.apiKey })
  assert.equal(answer.status, 200, path)
  return Page.parse(await answer.json())
}

async function three(world: ApiWorld): Promise<void> {
  for (const slug of ['aa', 'bb', 'cc']) await world.tenant(slug)
}

test('a cursor leads from page to page and says nothing of what is inside', async () => {
  await using world = await apiWorld()
  await three(world)
  const slugs: unknown[] = []
  let cursor = ''
  for (let pages = 0; pages < 3; pages++) {
    const { items, nextCursor } = await page(world, `/v1/tenants?limit=1${cursor}`)
    slugs.push(items[0]?.['slug'])
    assert.ok(nextCursor && !/aa|bb|cc/.test(nextCursor))
    cursor = `&cursor=${nextCursor}`
  }
  assert.deepEqual(slugs, ['aa', 'bb', 'cc'])
  assert.equal((await page(world, `/v1/tenants?limit=1${cursor}`)).nextCursor, null)
})

test('a cursor that is cut, changed, made up or of another list is refused', async () => {
  await using world = await apiWorld()
  await three(world)
  const { apiKey: token } = world.admin
  const { nextCursor } = await page(world, '/v1/tenants?limit=1')
  const good = nextCursor ?? ''
  for (const line of [
    `GET /v1/tenants?cursor=${good.slice(0, -1)}`,
    `GET /v1/tenants?cursor=x${good}`,
    'GET /v1/tenants?cursor=aa',
    'GET /v1/tenants?cursor=',
    `GET /v1/audit?cursor=${good}`,
    `GET /v1/events?cursor=${good}`,
    `GET /v1/keys?cursor=${good}`,
    'GET /v1/tenants/aa/keys?cursor=1.2',
    'GET /v1/tenants/aa/audit?cursor=7',
  ] satisfies Line[]) {
    const answer = await world.call(line, { token })
    assert.equal(answer.status, 422, line)
    assert.match(await answer.text(), /query#\/cursor/)
  }
})

test('fields shows only those, of one and of each of many', async () => {
  await using world = await apiWorld()
  await three(world)
  const { apiKey: token } = world.admin
  const whole = await world.call('GET /v1/tenants/aa', { token })
  const part = await world.call('GET /v1/tenants/aa?fields=slug,policy', { token })
  assert.deepEqual(await part.json(), { slug: 'aa', policy: 'baseline' })
  assert.equal(part.headers.get('etag'), whole.headers.get('etag'))
  const { items, nextCursor } = await page(world, '/v1/tenants?fields=slug&limit=2')
  assert.deepEqual(items, [{ slug: 'aa' }, { slug: 'bb' }])
  assert.ok(nextCursor)
  const known = { 'if-none-match': part.headers.get('etag') ?? '' }
  const same = await world.call('GET /v1/tenants/aa?fields=slug', { token, headers: known })
  assert.equal(same.status, 304)
})

test('a field that there is not is refused, and so is fields where nothing is shown', async () => {
  await using world = await apiWorld()
  await three(world)
  const { apiKey: token } = world.admin
  for (const query of [
    'fields=slug,nothing',
    'fields=',
    'fields=slug,',
    'fields=__proto__',
    'fields=Slug',
  ]) {
    const answer = await world.call(`GET /v1/tenants?${query}`, { token })
    assert.equal(answer.status, 422, query)
    assert.match(await answer.text(), /query#\/fields/, query)
  }
  const change = await world.call('POST /v1/tenants?fields=slug', { token, body: { slug: 'dd' } })
  assert.equal(change.status, 422)
})
