import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, runs, shows, until, world, type World } from '../support/world.ts'

/** More than the reconciler works on at once. */
const MANY = 12

/** Calls of this kind never answer; gives the names they were made for. */
function hanging({ host }: World, method: string): string[] {
  const names: string[] = []
  host.intercept = (call) => {
    if (call.method !== method) return undefined
    names.push(call.name)
    return 'hang'
  }
  return names
}

test('registries that hang hold up nobody else', async () => {
  await using at = await world()
  await at.addTenant('slow')
  await at.addTenant('acme')
  await at.begin()
  const pulls = hanging(at, 'pull')
  const names = Array.from({ length: MANY }, (_, i) => `stuck-${i}`)
  for (const name of names) await at.create('slow', { name, image: `registry.example/${name}` })
  await until(
    'all of them wait, two for their registries and the others for their turns',
    async () => {
      const { items } = await at.control.containers.list('slow', { limit: MANY })
      return pulls.length === 2 && items.every(({ state }) => state === 'pulling')
    },
  )

  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  const first = await at.control.containers.get('slow', 'stuck-0')
  assert.equal(first.state, 'pulling')
})

test('a pull ends when its container is deleted, and gives back name and quota', async () => {
  await using at = await world()
  await at.addTenant('acme', { containers: 1 })
  await at.begin()
  const pulls = hanging(at, 'pull')
  await at.create('acme', { name: 'web', image: 'registry.example/web' })
  await until('it pulls', () => pulls.length === 1)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await at.quiet()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  assert.equal(pulls.length, 1)
})

test('a stop that takes long gives way to a deletion', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  const stops = hanging(at, 'stopContainer')
  await at.control.containers.stop(asked('acme', 'web'))
  await until('it is being stopped', () => stops.length === 1)
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopping')
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
})
