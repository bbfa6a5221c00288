import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, runs, until, world } from '../support/world.ts'

test('a container that is created runs, and its operation succeeds', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { operation } = await at.create('acme', { name: 'web' })
  const web = await runs(at, 'acme', 'web')
  assert.equal(at.host.containers.size, 1)
  assert.deepEqual(web.addresses[0]?.address, '10.208.1.2')
  const { operations } = at.control
  const ended = await operations.settled(operation.id, 5, AbortSignal.timeout(5000))
  assert.equal(ended.state, 'succeeded')
})

test('a container that is deleted leaves nothing', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await at.quiet()
  await assert.rejects(at.control.containers.get('acme', 'web'), { code: 'not-found' })
})
