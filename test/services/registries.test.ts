import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import { apiWorld } from '../support/api-world.ts'

const LOGIN = { username: 'u', password: 'hunter2' }
const at = (tenant: string, host = '127.0.0.1:5000') => ({ tenant, host, actor: PLATFORM })

test('put() keeps a password sealed: it opens for the pull, and no answer and no row shows it', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const { id } = await world.tenants.get('aa')
  const answer = await world.call('PUT /v1/tenants/aa/registries/127.0.0.1:5000', {
    token,
    body: LOGIN,
  })
  assert.equal(answer.status, 200)
  const listed = await world.call('GET /v1/tenants/aa/registries', { token })
  const rows = await world.store.read.registries.list(id)
  const seen = `${await answer.text()}${await listed.text()}${JSON.stringify(rows)}`
  assert.ok(seen.includes('127.0.0.1:5000') && !seen.includes('hunter2'))
  assert.deepEqual(await world.registries.loginFor(id, '127.0.0.1:5000'), LOGIN)
  assert.equal(await world.registries.loginFor(id, 'other'), undefined)
})

test('put() takes the place of what was there, and a sealed password opens nowhere else', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  await world.tenant('bb')
  const [a, b] = [await world.tenants.get('aa'), await world.tenants.get('bb')]
  await world.registries.put(at('aa'), LOGIN)
  await world.registries.put(at('aa'), { ...LOGIN, password: 'second' })
  assert.equal((await world.registries.loginFor(a.id, '127.0.0.1:5000'))?.password, 'second')

  const [row] = await world.store.read.registries.list(a.id)
  assert.ok(row)
  await world.store.write((q) => q.registries.put({ ...row, tenantId: b.id }))
  await assert.rejects(world.registries.loginFor(b.id, '127.0.0.1:5000'))
})

test('delete() forgets the credentials once, and then there are none', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  await world.registries.put(at('aa'), LOGIN)
  await world.registries.delete(at('aa'))
  assert.deepEqual(await world.registries.list('aa'), { items: [] })
  await assert.rejects(world.registries.delete(at('aa')), { code: 'not-found' })
  await assert.rejects(world.registries.put(at('zz'), LOGIN), { code: 'not-found' })
})

test('put() keeps no more credentials of a tenant than a hundred', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  for (let i = 0; i < 100; i++) await world.registries.put(at('aa', `r${i}`), LOGIN)
  await assert.rejects(world.registries.put(at('aa', 'r100'), LOGIN), { code: 'state-conflict' })
  await world.registries.put(at('aa', 'r99'), LOGIN)
})
