import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, shows, world } from '../support/world.ts'

test('a pass with nothing to do is one list, and wakes nobody', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  for (const name of ['a', 'b', 'c']) {
    await at.create('acme', { name })
    await shows(at, ['acme', name], ({ health }) => health === 'healthy')
  }
  await at.control.containers.stop(asked('acme', 'b'))
  await shows(at, ['acme', 'b'], ({ state }) => state === 'stopped')
  await at.quiet()
  const before = at.host.calls.length
  await at.control.observer.pass()
  assert.ok(at.control.loop.idle())
  assert.deepEqual(
    at.host.calls.slice(before).map(({ method }) => method),
    ['list'],
  )
})
