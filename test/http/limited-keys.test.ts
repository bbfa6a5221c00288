import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Line } from '../support/api-world.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

const Problem = z.looseObject({ type: z.string(), instance: z.string() })
const Named = z.object({ id: z.string(), name: z.string() })
const Page = z.object({ items: z.array(z.looseObject({ target: Named })) })
const Created = z.object({ resource: Named, operation: z.looseObject({ id: z.string() }) })

async function withContainers() {
  const world = await cloudWorld()
  await world.addTenant('aa')
  const made = { web: await containerIn(world, 'web'), db: await containerIn(world, 'db') }
  await world.quiet()
  return { world, ...made }
}

async function containerIn(world: CloudWorld, name: string) {
  const answer = await world.call('POST /v1/tenants/aa/containers', {
    token: world.admin.apiKey,
    body: { name, image: 'cloudlet/base' },
  })
  assert.equal(answer.status, 202)
  const { resource, operation } = Created.parse(await answer.json())
  return { id: resource.id, operation: operation.id }
}

const limited = async (world: CloudWorld, ...resources: string[]): Promise<string> =>
  (await world.keyOf('aa', { role: 'admin', resources })).apiKey

const at = (path: string, verb = 'GET'): Line => `${verb} /v1/tenants/aa/${path}`

test('a limited key sees and changes its own by name and by id, and the rest is not there', async () => {
  const { world, web, db } = await withContainers()
  await using _ = world
  for (const resource of ['container:web', `container:${web.id}`]) {
    const token = await limited(world, resource)
    const statuses = async (line: Line) => (await world.call(line, { token })).status
    const named = resource === 'container:web'
    assert.equal(await statuses(at('containers/web')), named ? 200 : 404)
    assert.equal(await statuses(at(`containers/${web.id}`)), 200)
    assert.equal(await statuses(at(`containers/${web.id}/restart`, 'POST')), 202)
    for (const other of ['db', db.id, 'nothing']) {
      assert.equal(await statuses(at(`containers/${other}`)), 404, other)
      assert.equal(await statuses(at(`containers/${other}?force=true`, 'DELETE')), 404, other)
      assert.equal(await statuses(at(`containers/${other}/logs`)), 404, other)
    }
  }
  assert.ok(await world.all.containers.get('aa', 'db'))
})

test('what is foreign to a limited key answers as what does not exist', async () => {
  const { world } = await withContainers()
  await using _ = world
  const token = await limited(world, 'container:web')
  const bodies = await Promise.all(
    ['db', 'nothing'].map(async (name) => {
      const text = await (await world.call(at(`containers/${name}`), { token })).text()
      const { instance } = Problem.parse(JSON.parse(text))
      return text.replace(instance, '').replaceAll(name, '')
    }),
  )
  assert.equal(bodies[0], bodies[1])
})

test('lists of a limited key have its own alone', async () => {
  const { world, web, db } = await withContainers()
  await using _ = world
  const token = await limited(world, 'container:web', 'container:nothing')
  const Items = z.object({ items: z.array(z.looseObject({ name: z.string() })) })
  const list = Items.parse(await (await world.call(at('containers'), { token })).json())
  assert.deepEqual(
    list.items.map(({ name }) => name),
    ['web'],
  )
  const body = { containers: ['web', 'db', web.id, db.id] }
  const status = await world.call(at('container-status', 'POST'), { token, body })
  const Asked = z.object({
    items: z.array(z.object({ asked: z.string(), container: z.unknown() })),
  })
  const there = Asked.parse(await status.json()).items.filter(({ container }) => container !== null)
  assert.deepEqual(
    there.map(({ asked }) => asked),
    ['web', web.id],
  )
  const operations = Page.parse(await (await world.call(at('operations'), { token })).json())
  assert.deepEqual(
    operations.items.map(({ target }) => target.name),
    ['web'],
  )
})

test('a limited key reads and cancels the operations of its own alone', async () => {
  const { world, web, db } = await withContainers()
  await using _ = world
  const token = await limited(world, 'container:web')
  const status = async (line: Line) => (await world.call(line, { token })).status
  assert.equal(await status(at(`operations/${web.operation}`)), 200)
  assert.equal(await status(at(`operations/${db.operation}`)), 404)
  // Its own has ended and can be cancelled no more; the other one is not there.
  assert.equal(await status(at(`operations/${web.operation}/cancel`, 'POST')), 409)
  assert.equal(await status(at(`operations/${db.operation}/cancel`, 'POST')), 404)
})

test('a limited key gives no name that is not its own, neither to a new one nor to an old one', async () => {
  const { world } = await withContainers()
  await using _ = world
  const token = await limited(world, 'container:web', 'container:next')
  const create = async (name: string) => {
    const body = { name, image: 'cloudlet/base' }
    return (await world.call(at('containers', 'POST'), { token, body })).status
  }
  assert.equal(await create('other'), 403)
  assert.equal(await create('next'), 202)
  const rename = async (name: string) =>
    (await world.call(at('containers/web/rename', 'POST'), { token, body: { name } })).status
  assert.equal(await rename('evil'), 403)
  assert.equal(await rename('next'), 409)
  assert.ok(await world.all.containers.get('aa', 'web'))
})

test('a name that passes to another container takes the key along, an id never does', async () => {
  const { world, web } = await withContainers()
  await using _ = world
  const [byName, byId] = [
    await limited(world, 'container:web'),
    await limited(world, `container:${web.id}`),
  ]
  const token = world.admin.apiKey
  const rename = (from: string, name: string) =>
    world.call(at(`containers/${from}/rename`, 'POST'), { token, body: { name } })
  assert.equal((await rename('web', 'old')).status, 200)
  assert.equal((await rename('db', 'web')).status, 200)
  const status = async (who: string, name: string) =>
    (await world.call(at(`containers/${name}`), { token: who })).status
  assert.deepEqual([await status(byName, 'web'), await status(byName, web.id)], [200, 404])
  assert.deepEqual([await status(byId, 'web'), await status(byId, web.id)], [404, 200])
})

test('a key is narrowed to permissions and to single endpoints', async () => {
  const { world } = await withContainers()
  await using _ = world
  const actions = ['containers:read', 'containers.restart']
  const { apiKey: token } = await world.keyOf('aa', { actions, resources: ['container:web'] })
  const status = async (line: Line) => (await world.call(line, { token })).status
  assert.equal(await status(at('containers/web')), 200)
  assert.equal(await status(at('containers/web/restart', 'POST')), 202)
  assert.equal(await status(at('containers/web/stop', 'POST')), 403)
  assert.equal(await status(at('operations')), 403)
  assert.equal(await status(at('containers/db/restart', 'POST')), 404)
  const Whoami = z.looseObject({ actions: z.array(z.string()), resources: z.array(z.string()) })
  const who = Whoami.parse(await (await world.call('GET /v1/whoami', { token })).json())
  assert.deepEqual([who.actions, who.resources], [actions, ['container:web']])
})

test('a key is refused whose actions are none, or more than its role allows', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  const token = world.admin.apiKey
  const create = async (body: object) => {
    const answer = await world.call(at('keys', 'POST'), { token, body })
    return [answer.status, await answer.text()] as const
  }
  for (const [body, said] of [
    [{ actions: ['keys:write'] }, 'the role \\"member\\" does not allow it'],
    [{ actions: ['containers:read', 'keys.create'] }, '#/actions/1'],
    [{ actions: ['containers.explode'] }, 'it is no permission, and no endpoint'],
    [{ actions: ['whoami.get'] }, 'no endpoint that needs one'],
    [{ actions: [] }, '#/actions'],
    [{ resources: [] }, '#/resources'],
    [{ resources: ['network:default'] }, '#/resources/0'],
    [{ resources: ['container:Web'] }, '#/resources/0'],
  ] as const) {
    const [status, text] = await create(body)
    assert.equal(status, 422, JSON.stringify(body))
    assert.ok(text.includes(said), `${text} for ${JSON.stringify(body)}`)
  }
  const body = { resources: ['container:web'] }
  assert.equal((await world.call('POST /v1/keys', { token, body })).status, 422)
})

test('who is narrowed makes no key that is less so', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  const actions = ['keys:write', 'containers:read']
  const { apiKey: token, id } = await world.keyOf('aa', { role: 'admin', actions })
  const create = async (body: object) =>
    (await world.call(at('keys', 'POST'), { token, body })).status
  assert.equal(await create({ role: 'admin' }), 403)
  assert.equal(await create({ role: 'member', actions: ['containers.restart'] }), 403)
  assert.equal(await create({ role: 'member', actions: ['containers.get'] }), 201)
  assert.equal(await create({ role: 'admin', actions }), 201)
  const owner = await world.keyOf('aa', { role: 'admin' })
  const rotate = async (key: string) =>
    (await world.call(at(`keys/${key}/rotate`, 'POST'), { token })).status
  assert.equal(await rotate(owner.id), 403)
  assert.equal(await rotate(id), 201)
})
