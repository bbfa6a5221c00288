import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, shows, until, world } from '../support/world.ts'

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
  // A moment after its start each is looked at once more, for its cable.
  const looks = () => at.host.calls.filter(({ method }) => method === 'inspectContainer').length
  const looked = looks() + 3
  at.time.advance(1000)
  await until('their cables have been looked for', () => looks() === looked)
  await at.quiet()
  const before = at.host.calls.length
  await at.control.observer.pass()
  assert.ok(at.control.loop.idle())
  assert.deepEqual(
    at.host.calls.slice(before).map(({ method }) => method),
    ['list'],
  )
})
