import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAllOperations } from '../../src/contract/operations.ts'
import { deleteTenant, suspendTenant } from '../../src/contract/tenant-life.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/world.ts'

/** A tenant with a container that runs, and a key of its own. */
async function inhabited(world: CloudWorld): Promise<string> {
  await world.addTenant('aa')
  const { apiKey } = await world.keyOf('aa', { role: 'admin' })
  const body = { name: 'web', image: 'cloudlet/base', minHealthySeconds: 0 }
  await world.call('POST /v1/tenants/aa/containers', { token: apiKey, body })
  await world.quiet()
  return apiKey
}

test('a suspension is told where to be followed, and what it refuses is a problem with its reason', async () => {
  await using world = await cloudWorld()
  const mine = await inhabited(world)
  const token = world.admin.apiKey
  const asked = { token, body: { reason: 'unpaid' } }
  const begun = await world.call('POST /v1/tenants/aa/suspend', asked)
  const { operation, resource } = suspendTenant.response.parse(await begun.json())
  assert.deepEqual([begun.status, resource.state], [202, 'suspended'])
  const place = begun.headers.get('location') ?? ''
  assert.equal(place, `/v1/operations/${operation.id}`)
  const ended = await world.call(`GET /v1/operations/${operation.id}?wait=10`, { token })
  assert.match(await ended.text(), /"state":"succeeded"/)

  const refused = await world.call('POST /v1/tenants/aa/containers/web/start', { token: mine })
  assert.equal(refused.status, 403)
  const problem: unknown = await refused.json()
  assert.ok(typeof problem === 'object' && problem !== null && 'detail' in problem)
  assert.match(String(problem.detail), /"aa" is suspended \(unpaid\); ask the operator/)
  const shown = await world.call('GET /v1/tenants/aa/containers/web', { token: mine })
  assert.match(await shown.text(), /"code":"tenant-suspended"/)
  const again = await world.call('POST /v1/tenants/aa/resume?wait=10', { token })
  assert.equal(again.status, 200)
})

test('a deletion shows what goes, ends the keys, and can be followed when all is gone', async () => {
  await using world = await cloudWorld()
  const mine = await inhabited(world)
  const token = world.admin.apiKey
  const dry = await world.call('DELETE /v1/tenants/aa?dryRun=true', { token })
  const shown = deleteTenant.response.parse(await dry.json())
  assert.deepEqual([dry.status, shown.operation], [200, null])
  const counts = shown.resource.removes.map(({ kind, count }) => `${kind} ${count}`)
  assert.ok(counts.includes('containers 1') && counts.includes('keys 1'), counts.join())
  assert.equal((await world.call('DELETE /v1/tenants/aa', { token })).status, 409)

  const begun = await world.call('DELETE /v1/tenants/aa?cascade=true', { token })
  assert.equal(begun.status, 202)
  const { operation } = deleteTenant.response.parse(await begun.json())
  await until('the key has ended', async () => {
    world.time.advance(1000)
    return (await world.call('GET /v1/whoami', { token: mine })).status === 401
  })
  const listed = await world.call('GET /v1/operations?slug=aa&kind=tenants.delete', { token })
  const { items } = listAllOperations.response.parse(await listed.json())
  assert.deepEqual(
    items.map(({ id, tenant, state }) => [id, tenant, state]),
    [[operation?.id, 'aa', 'succeeded']],
  )
  assert.equal((await world.call('GET /v1/tenants/aa', { token })).status, 404)
})

test('operations of all tenants and of the platform are listed page by page, the newest first', async () => {
  await using world = await cloudWorld()
  await inhabited(world)
  const token = world.admin.apiKey
  await world.call('POST /v1/nodes/local/cordon', { token })
  const page = async (query: string) => {
    const answer = await world.call(`GET /v1/operations?${query}`, { token })
    assert.equal(answer.status, 200)
    return listAllOperations.response.parse(await answer.json())
  }
  const first = await page('limit=1')
  assert.deepEqual(
    first.items.map(({ kind, tenant }) => [kind, tenant]),
    [['nodes.cordon', null]],
  )
  const second = await page(`limit=1&cursor=${encodeURIComponent(first.nextCursor ?? '')}`)
  assert.deepEqual(
    second.items.map(({ kind, tenant }) => [kind, tenant]),
    [['containers.create', 'aa']],
  )
  assert.deepEqual((await page('state=running')).items, [])
  assert.deepEqual((await page('slug=nobody')).items, [])
})
