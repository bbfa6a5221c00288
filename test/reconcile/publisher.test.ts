import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, runs, until, world } from '../support/world.ts'

test('publish() makes versions that grow, also while the clock stands or goes back', async () => {
  await using at = await world()
  const { routes } = at.control
  const first = await routes.publish()
  const second = await routes.publish()
  at.time.advance(-60_000)
  const third = await routes.publish()
  assert.ok(first < second && second < third)
  assert.deepEqual(
    at.edge.tables.map(({ version }) => version),
    [first, second, third],
  )
})

test('publish() of many at once is two tables at most, and each caller gets what it had written', async () => {
  await using at = await world()
  const { routes } = at.control
  const early = routes.publish()
  await at.addTenant('acme')
  const later = await Promise.all(Array.from({ length: 20 }, () => routes.publish()))
  await early
  assert.ok(at.edge.tables.length <= 3)
  for (const version of later) {
    const table = at.edge.tables.find((one) => one.version === version)
    assert.deepEqual(table?.tenants, ['acme'])
  }
})

test('publish() that fails does not take the next one with it', async () => {
  await using at = await world()
  const { routes } = at.control
  const { containers } = at.store.read
  const whole = { ...containers }
  const failing = (): Promise<never> => {
    Object.assign(containers, whole)
    return Promise.reject(new Error('the disk is gone'))
  }
  Object.assign(containers, { live: failing })
  const failed = routes.publish()
  const next = routes.publish()
  await assert.rejects(failed, /the disk is gone/)
  const version = await next
  assert.equal(at.edge.tables.at(-1)?.version, version)
})

test('a container is started only after the edge has confirmed a table that names it', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const known: boolean[] = []
  at.host.intercept = ({ method, name }) => {
    if (method === 'startContainer') known.push(at.edge.knows(name.split('-').at(-1) ?? ''))
    return undefined
  }
  at.edge.answers = false
  const { resource } = await at.create('acme', {})
  await until('it waits for the edge', () => {
    return at.host.containers.size === 1 && at.edge.member(resource.id)?.port === 8080
  })
  const starting = async () => (await at.control.containers.get('acme', 'web')).state === 'starting'
  await until('its run is written down', starting)
  assert.deepEqual(known, [])
  at.edge.answers = true
  at.edge.look()
  await runs(at, 'acme', 'web')
  assert.deepEqual(known, [true])
})

test('the edge is told of an end before the process is asked to stop', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const { resource } = await at.create('acme', {})
  await runs(at, 'acme', 'web')
  let told: string | undefined
  at.host.intercept = ({ method }) => {
    if (method === 'stopContainer') told = at.edge.member(resource.id)?.state
    return undefined
  }
  await at.control.containers.stop(asked('acme', 'web'))
  await until('it is being stopped', () => told !== undefined)
  assert.equal(told, 'stopped')
})

test('the edge is told which apps speak HTTP/2', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const [tcp, port] = ['tcp' as const, 50_051]
  await at.create('acme', { name: 'plain', ports: [{ port, protocol: tcp, app: true }] })
  await at.create('acme', {
    name: 'grpc',
    ports: [{ port, protocol: tcp, app: true, http2: true }],
  })
  await runs(at, 'acme', 'plain')
  await runs(at, 'acme', 'grpc')
  await at.control.routes.publish()
  const members = at.edge.tables.at(-1)?.members ?? []
  const told = members.map(({ name, protocol }) => [name, protocol] as const)
  assert.deepEqual(Object.fromEntries(told), { plain: undefined, grpc: 'h2c' })
})
