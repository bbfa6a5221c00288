import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@libsql/client'
import { dockerName } from '../../src/core/docker-names.ts'
import type { NewEvent } from '../../src/core/event.ts'
import { apiWorld } from '../support/api-world.ts'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

const told = async ({ control }: World, tenant: string) => {
  const { items } = await control.events.listOfTenant(tenant, { limit: 1000 })
  return items.toReversed().map(({ level, action, target }) => [level, action, target.name])
}

test('a container’s life is told, each turn of it once', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { restart: 'no' })
  const { id } = await runs(at, 'acme', 'web')
  await at.control.containers.restart(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'running')
  await at.quiet()
  at.host.exit(dockerName('acme', 'container', id), 3)
  await shows(at, ['acme', 'web'], ({ state }) => state === 'exited')
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  assert.deepEqual(await told(at, 'acme'), [
    ['info', 'container.created', 'web'],
    ['info', 'container.started', 'web'],
    ['info', 'container.running', 'web'],
    ['info', 'container.started', 'web'],
    ['info', 'container.running', 'web'],
    ['warning', 'container.exited', 'web'],
    ['info', 'container.deleted', 'web'],
  ])
})

test('an event whose transaction fails has not happened', async () => {
  await using at = await world()
  await at.addTenant('acme')
  const event: NewEvent = {
    tenantId: null,
    action: 'platform.tested',
    level: 'info',
    target: { kind: 'platform', id: 'x', name: 'x' },
    message: 'It was tested',
  }
  const failed = at.store.write(async (q) => {
    await at.control.events.record(q, event)
    throw new Error('changed my mind')
  })
  await assert.rejects(failed, /changed my mind/)
  await at.store.write((q) => at.control.events.record(q, { ...event, message: 'Again' }))
  const { items } = await at.control.events.list({ limit: 10 })
  assert.deepEqual(
    items.map(({ seq, message }) => [seq, message]),
    [[1, 'Again']],
  )
})

test('a tenant reads its own events alone, the operator those of all, page by page', async () => {
  await using at = await apiWorld()
  const { apiKey: token } = await at.tenant('aa')
  await at.tenant('bb')
  const actions = async (path: `/${string}`, key: string) => {
    const answer = await at.call(`GET ${path}`, { token: key })
    assert.equal(answer.status, 200)
    const page: { items: { action: string; tenant: string; seq: number }[]; nextCursor: string } =
      JSON.parse(await answer.text())
    return page
  }
  const own = await actions('/v1/tenants/aa/events', token)
  assert.deepEqual(
    own.items.map(({ action, tenant }) => [action, tenant]),
    [['tenant.created', 'aa']],
  )
  assert.equal((await at.call('GET /v1/tenants/bb/events', { token })).status, 404)
  assert.equal((await at.call('GET /v1/events', { token })).status, 403)
  const first = await actions('/v1/events?limit=1', at.admin.apiKey)
  const second = await actions(`/v1/events?limit=1&cursor=${first.nextCursor}`, at.admin.apiKey)
  assert.deepEqual(
    [...first.items, ...second.items].map(({ tenant }) => tenant),
    ['bb', 'aa'],
  )
})

test('a filter that fits nothing is looked for in a part of the events at a time', async () => {
  await using at = await world()
  await at.store.write(async (q) => {
    const row = { tenantId: null, tenant: null, detailsJson: '{}', level: 'info' } as const
    const what = { targetKind: 'platform', targetId: 'x', targetName: 'x', message: 'x' }
    await q.events.insert({ ...row, ...what, time: 1, action: 'platform.first' })
  })
  await addOthers(at.url, 10_000)
  const search = { limit: 10, action: 'platform.first', target: 'x' }
  const page = await at.control.events.list(search)
  assert.deepEqual([page.items, page.nextCursor], [[], '2'])
  const next = await at.control.events.list({ ...search, cursor: '2' })
  assert.deepEqual([next.items.map(({ seq }) => seq), next.nextCursor], [[1], null])
})

/** Further events of the platform, all at once. */
async function addOthers(url: string, count: number): Promise<void> {
  const client = createClient({ url, concurrency: 1 })
  const columns = 'time, level, action, target_kind, target_id, target_name, message, details_json'
  const numbers =
    'WITH RECURSIVE numbers(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM numbers LIMIT ?)'
  const values = `1, 'info', 'platform.other', 'platform', 'x', 'x', 'x', '{}'`
  const sql = `${numbers} INSERT INTO events (${columns}) SELECT ${values} FROM numbers`
  await client.execute({ sql, args: [count] })
  client.close()
}
