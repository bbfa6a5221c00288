import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { Container } from '../../src/contract/containers.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/world.ts'

const CONTAINER = '/v1/tenants/aa/containers'

async function secretWorld() {
  const world = await cloudWorld()
  await world.addTenant('aa')
  return world
}

const put = async (world: CloudWorld, name: string, body: object): Promise<number> =>
  (await asked(world, `PUT /v1/tenants/aa/secrets/${name}`, body)).status

const asked = (world: CloudWorld, line: `${string} /${string}`, body?: object) =>
  world.call(line, { token: world.admin.apiKey, ...(body && { body }) })

async function create(world: CloudWorld, name: string, rest: object): Promise<Response> {
  return asked(world, `POST ${CONTAINER}`, {
    name,
    image: 'cloudlet/base',
    minHealthySeconds: 0,
    ...rest,
  })
}

async function show(world: CloudWorld, name: string): Promise<Container> {
  return Container.parse(await (await asked(world, `GET ${CONTAINER}/${name}`)).json())
}

const is = (world: CloudWorld, name: string, state: Container['state']): Promise<void> =>
  until(`${name} is ${state}`, async () => (await show(world, name)).state === state)

/** What the engine was told of a container of this name. */
const wantedOf = (world: CloudWorld, name: string) =>
  [...world.host.containers.values()].find(({ wanted }) => wanted.hostname === name)?.wanted

function filesOf(world: CloudWorld, id: string): Record<string, string> {
  const files = world.secretFiles.folders.get(id) ?? []
  return Object.fromEntries(
    files.map(({ path, value, mode, uid }) => [
      path,
      `${Buffer.from(value).toString()} ${mode.toString(8)} ${uid}`,
    ]),
  )
}

test('a container gets its secrets as files and variables, and gives the files back', async () => {
  await using world = await secretWorld()
  await put(world, 'db', { value: 'one' })
  await put(world, 'key', { base64: Buffer.from([0, 255]).toString('base64') })
  const secrets = [
    { name: 'db', env: 'DB' },
    { name: 'db', file: 'db/password', mode: '0444' },
    { name: 'key' },
  ]
  const env = { PLAIN: 'x' }
  assert.equal((await create(world, 'web', { secrets, env, user: '1000' })).status, 202)
  await is(world, 'web', 'running')
  const { id, spec } = await show(world, 'web')
  const wanted = wantedOf(world, 'web')
  assert.equal(wanted?.env['DB'], 'one')
  assert.equal(wanted.env['PLAIN'], 'x')
  assert.equal(wanted.secretsFolder, `/run/cloudlet/test/secrets/${id}`)
  const files = filesOf(world, id)
  assert.equal(files['db/password'], 'one 444 1000')
  assert.match(files['key'] ?? '', / 400 1000$/)
  assert.deepEqual(spec.env, { PLAIN: 'x' })

  await asked(world, `POST ${CONTAINER}/web/stop`)
  await is(world, 'web', 'stopped')
  assert.deepEqual(filesOf(world, id), {})
  await asked(world, `POST ${CONTAINER}/web/start`)
  await is(world, 'web', 'running')
  assert.equal(filesOf(world, id)['db/password'], 'one 444 1000')
  await asked(world, `DELETE ${CONTAINER}/web?force=true`)
  await until('it is gone', () => world.host.containers.size === 0)
  await until('its files are gone', () => world.secretFiles.folders.size === 0)
})

test('a newer version shows as outdated, and a restart picks it up; a pinned one stays', async () => {
  await using world = await secretWorld()
  await put(world, 'db', { value: 'one' })
  const uses = { latest: [{ name: 'db' }], pinned: [{ name: 'db', version: 1 }] }
  await create(world, 'file', { secrets: uses.latest })
  await create(world, 'env', { secrets: [{ name: 'db', env: 'DB' }] })
  await create(world, 'pinned', { secrets: uses.pinned })
  for (const name of ['file', 'env', 'pinned']) await is(world, name, 'running')
  await put(world, 'db', { value: 'two' })
  const outdated = async () => {
    const names = ['file', 'env', 'pinned'] as const
    const all = await Promise.all(names.map((name) => show(world, name)))
    return all.map(({ secretsOutdated }) => secretsOutdated)
  }
  assert.deepEqual(await outdated(), [true, true, false])
  const { id } = await show(world, 'file')
  assert.equal(filesOf(world, id)['db'], 'one 400 0')
  assert.equal(wantedOf(world, 'env')?.env['DB'], 'one')

  for (const name of ['file', 'env', 'pinned'])
    await asked(world, `POST ${CONTAINER}/${name}/restart`)
  await until('all run anew', async () => (await outdated()).every((one) => !one))
  for (const name of ['file', 'env', 'pinned']) await is(world, name, 'running')
  assert.equal(filesOf(world, id)['db'], 'two 400 0')
  assert.equal(wantedOf(world, 'env')?.env['DB'], 'two')
  assert.equal(filesOf(world, (await show(world, 'pinned')).id)['db'], 'one 400 0')
})

test('a secret that a container names stays, and so does a version that one runs with', async () => {
  await using world = await secretWorld()
  await put(world, 'db', { value: 'v1' })
  await create(world, 'web', { secrets: [{ name: 'db' }] })
  await create(world, 'job', { secrets: [{ name: 'db', env: 'DB' }], start: false })
  await is(world, 'web', 'running')
  const refused = await asked(world, 'DELETE /v1/tenants/aa/secrets/db')
  assert.equal(refused.status, 409)
  assert.match(await refused.text(), /used by \\"job\\", \\"web\\"/)
  for (let i = 2; i <= 13; i++) assert.equal(await put(world, 'db', { value: `v${i}` }), 200)
  const Shown = z.looseObject({ versions: z.array(z.looseObject({ version: z.int() })) })
  const shown = Shown.parse(await (await asked(world, 'GET /v1/tenants/aa/secrets/db')).json())
  assert.deepEqual([shown.versions.length, shown.versions[0]?.version], [10, 1])

  for (const name of ['web', 'job']) await asked(world, `DELETE ${CONTAINER}/${name}?force=true`)
  await until('they are gone', () => world.host.containers.size === 0)
  await world.quiet()
  assert.equal((await asked(world, 'DELETE /v1/tenants/aa/secrets/db')).status, 200)
})

test('what cannot be used is refused, by its place in the request', async () => {
  await using world = await secretWorld()
  await put(world, 'db', { value: 'x' })
  await put(world, 'big', { base64: Buffer.alloc(65_536).toString('base64') })
  const seventeen = Array.from({ length: 17 }, (_, i) => ({ name: 'big', file: `f${i}` }))
  const Problem = z.looseObject({ errors: z.array(z.looseObject({ pointer: z.string() })) })
  const refusedAt = async (secrets: readonly object[]) => {
    const answer = await create(world, 'web', { secrets })
    assert.equal(answer.status, 422, JSON.stringify(secrets))
    return Problem.parse(await answer.json()).errors[0]?.pointer
  }
  assert.equal(await refusedAt([{ name: 'none' }]), '#/secrets/0/name')
  assert.equal(await refusedAt([{ name: 'db', version: 2 }]), '#/secrets/0/version')
  assert.equal(await refusedAt([{ name: 'db' }, { name: 'db' }]), '#/secrets/1/file')
  assert.equal(await refusedAt(seventeen), '#/secrets')
  for (const file of ['../x', '/x', 'a/../b', '.x', 'a//b', 'a/b/c/d/e']) {
    // oxlint-disable-next-line no-await-in-loop -- one world
    assert.equal(await refusedAt([{ name: 'db', file }]), '#/secrets/0/file')
  }
  await world.addTenant('bb')
  const foreign = await asked(world, 'POST /v1/tenants/bb/containers', {
    name: 'web',
    image: 'cloudlet/base',
    secrets: [{ name: 'db' }],
  })
  assert.equal(foreign.status, 422)
})

test('a variable whose value is no text fails the container, and the message does not have it', async () => {
  await using world = await secretWorld()
  await put(world, 'key', { base64: Buffer.from('canary\0').toString('base64') })
  await create(world, 'web', { secrets: [{ name: 'key', env: 'KEY' }] })
  await is(world, 'web', 'failed')
  const { reason } = await show(world, 'web')
  assert.match(reason?.message ?? '', /secret "key" is no text/)
  assert.doesNotMatch(JSON.stringify(reason), /canary/)
})

test('after a boot the files are written again; folders that nobody owns are swept', async () => {
  await using world = await secretWorld()
  await put(world, 'db', { value: 'x' })
  await create(world, 'web', { secrets: [{ name: 'db' }], restart: 'always' })
  await is(world, 'web', 'running')
  const { id } = await show(world, 'web')
  const name = [...world.host.containers.keys()][0] ?? ''
  world.secretFiles.folders.clear()
  world.host.exit(name, 137)
  await is(world, 'web', 'restarting')
  world.time.advance(60_000)
  await until('it has its files', () => filesOf(world, id)['db'] === 'x 400 0')
  world.secretFiles.folders.set('nobodynobodynobo', [])
  await world.all.reconciler.sweepSecrets()
  assert.deepEqual(await world.secretFiles.list(), [id])
})
