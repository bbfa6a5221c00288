import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerRoutes } from '../../routes/containers.ts'
import { textOfFinished } from '../../src/contract/finished.ts'
import { Container } from '../../src/contract/containers.ts'
import { settling } from '../../src/services/operations.ts'
import { apiWorld } from '../support/api-world.ts'
import { asked, runs, shows, world } from '../support/world.ts'

test('an answer is made once, and anew when the row or the health is another', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { labels: { a: 'b' } })
  await runs(at, 'acme', 'web')
  await shows(at, ['acme', 'web'], ({ health }) => health === 'healthy')
  await at.quiet()
  const { containers } = at.control
  const text = async () => textOfFinished(await containers.show('acme', 'web'))
  const first = await containers.show('acme', 'web')
  assert.equal(await containers.show('acme', 'web'), first)
  assert.deepEqual(JSON.parse(textOfFinished(first)), await containers.get('acme', 'web'))

  at.edge.find = () => ({ healthy: false, reason: 'broken' })
  at.edge.look()
  assert.equal(Container.parse(JSON.parse(await text())).health, 'unhealthy')
  await containers.rename(asked('acme', 'web'), 'shop')
  const [shown] = JSON.parse(textOfFinished(await containers.showAll('acme', { limit: 9 }))).items
  assert.deepEqual(shown, await containers.get('acme', 'shop'))
  assert.equal(shown.name, 'shop')
})

test('a list that is sent finished is what a list would say, page by page', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  for (const name of ['b', 'a', 'c']) await at.create('acme', { name, start: false })
  await at.quiet()
  const { containers } = at.control
  for (const query of [{ limit: 2 }, { limit: 2, cursor: 'b' }, { limit: 9, name: 'x' }]) {
    const text = textOfFinished(await containers.showAll('acme', query))
    assert.deepEqual(JSON.parse(text), await containers.list('acme', query))
  }
})

test('a read after an acknowledged write sees it', async () => {
  await using at = await world()
  await at.addTenant('acme')
  const { containers, operations } = at.control
  const deps = { containers, ...NOTHING_TO_READ, settle: settling(operations) }
  await using api = await apiWorld([(app) => containerRoutes(app, deps)])
  await at.begin()
  const token = api.admin.apiKey
  const path = '/v1/tenants/acme/containers'
  const body = { name: 'web', image: 'cloudlet/demo' }
  assert.equal((await api.call(`POST ${path}`, { token, body })).status, 202)
  for (let turn = 0; turn < 5; turn++) {
    const to = `web${turn}`
    const from = turn === 0 ? 'web' : `web${turn - 1}`
    await api.call(`POST ${path}/${from}/rename`, { token, body: { name: to } })
    const shown = await api.call(`GET ${path}/${to}`, { token })
    assert.equal(Container.parse(await shown.json()).name, to)
    assert.equal((await api.call(`GET ${path}/${from}`, { token })).status, 404)
  }
})

const NOTHING_TO_READ = {
  logs: {
    async *ofContainer() {
      yield* []
    },
  },
  metrics: { ofContainer: () => Promise.reject(new Error('Nobody asks here')) },
}
