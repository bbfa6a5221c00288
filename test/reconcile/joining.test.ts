import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkCreate } from '../../src/contract/networks.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { Failure } from '../../src/core/failure.ts'
import { connect, disconnect } from '../fakes/engine-changes.ts'
import { asked, runs, shows, until, world, type Wanted, type World } from '../support/world.ts'

const BACK = '10.20.0.0/24'

/** A world with the networks `default` and `back`, and `web` in the networks that are named. */
async function acmeWorld() {
  const at = await world()
  await at.addTenant('acme')
  await at.begin()
  const back = await network(at, 'back', BACK)
  return Object.assign(at, { back })
}

const network = (at: World, name: string, cidr: string) =>
  at.control.ofNetworks.create(
    { tenant: 'acme', actor: PLATFORM, caller: { tenant: null } },
    NetworkCreate.parse({ name, cidr }),
  )

async function running(at: World, wanted: Wanted) {
  await at.create('acme', wanted)
  const container = await runs(at, 'acme', wanted.name ?? 'web')
  await at.quiet()
  return container
}

/** In which ranges the engine has it. */
function onEngine(at: World, id: string): string[] {
  const object = [...at.host.containers.values()].find(({ wanted }) => wanted.id === id)
  return (object?.set.networks ?? [])
    .map((name) => at.host.networks.get(name)?.wanted.subnet ?? name)
    .toSorted()
}

async function refusal(made: Promise<unknown>): Promise<Failure> {
  const [settled] = await Promise.allSettled([made])
  assert.ok(settled.status === 'rejected', 'it was admitted')
  assert.ok(settled.reason instanceof Failure, String(settled.reason))
  return settled.reason
}

const attach = (
  at: World,
  container: string,
  wanted: { network: string; address?: string; aliases?: string[] },
) => at.control.containers.attach(asked('acme', container), wanted)
const detach = (at: World, container: string, name: string) =>
  at.control.containers.detach(asked('acme', container), name)

const ended = (at: World, id: string) =>
  until('the operation has ended', async () => {
    const row = await at.store.read.operations.byId(id)
    return row?.state === 'succeeded' || row?.state === 'failed'
  })

test('a container is in all its networks before its process starts, and goes out by the first', async () => {
  await using at = await acmeWorld()
  const seen: string[][] = []
  at.host.intercept = ({ method, name }) => {
    const object = at.host.containers.get(name)
    if (method === 'startContainer' && object) seen.push([...object.set.networks])
    return undefined
  }
  const networks = [{ name: 'back', address: '10.20.0.77', aliases: ['db'] }, { name: 'default' }]
  const { addresses, id } = await running(at, { networks })
  assert.deepEqual(addresses, [
    {
      network: 'back',
      address: '10.20.0.77',
      mac: '02:c1:0a:14:00:4d',
      aliases: ['db'],
      defaultRoute: true,
    },
    {
      network: 'default',
      address: '10.208.1.2',
      mac: '02:42:0a:d0:01:02',
      aliases: [],
      defaultRoute: false,
    },
  ])
  assert.equal(seen[0]?.length, 2)
  assert.deepEqual(onEngine(at, id), ['10.20.0.0/24', '10.208.1.0/24'])
  assert.deepEqual([...at.routes.gateways.values()], ['10.20.0.1'])
  assert.deepEqual(
    at.firewall.set('members').map((one) => one.split(' . ').slice(1).join(' ')),
    ['02:c1:0a:14:00:4d 10.20.0.77', '02:42:0a:d0:01:02 10.208.1.2'],
  )
})

test('the default route goes by the network that is marked, and by one alone', async () => {
  await using at = await acmeWorld()
  const networks = [{ name: 'default' }, { name: 'back', defaultRoute: true }]
  const { addresses } = await running(at, { networks })
  assert.deepEqual(
    addresses.map((one) => [one.network, one.defaultRoute]),
    [
      ['back', true],
      ['default', false],
    ],
  )
  const both = networks.map((one) => ({ ...one, defaultRoute: true }))
  const { details } = await refusal(at.create('acme', { name: 'two', networks: both }))
  assert.ok('errors' in details && details.errors[0]?.pointer === '#/networks/1/defaultRoute')
})

test('a network is joined and left while the process runs', async () => {
  await using at = await acmeWorld()
  const { id } = await running(at, {})
  const order: string[] = []
  at.host.intercept = ({ method }) => {
    if (method === 'connectContainer') order.push(`members ${at.firewall.set('members').length}`)
    return undefined
  }
  const { resource, operation } = await attach(at, 'web', { network: 'back', aliases: ['db'] })
  assert.deepEqual(resource.addresses[1], {
    network: 'back',
    address: '10.20.0.2',
    mac: '02:42:0a:14:00:02',
    aliases: ['db'],
    defaultRoute: false,
  })
  await ended(at, operation.id)
  assert.deepEqual(order, ['members 2'])
  assert.deepEqual(onEngine(at, id), ['10.20.0.0/24', '10.208.1.0/24'])
  // Asked again there is nothing to do.
  assert.equal((await attach(at, 'web', { network: 'back' })).operation.state, 'succeeded')

  const left = await detach(at, 'web', 'back')
  assert.deepEqual(
    left.resource.addresses.map((one) => one.network),
    ['default'],
  )
  await ended(at, left.operation.id)
  assert.deepEqual(onEngine(at, id), ['10.208.1.0/24'])
  assert.equal(at.firewall.set('members').length, 1)
  const container = await shows(at, ['acme', 'web'], ({ state }) => state === 'running')
  assert.equal(container.restarts, 0)
  assert.equal(at.host.calls.filter(({ method }) => method === 'startContainer').length, 1)
  // Its address rests for a minute, and is given back then.
  const rest = await refusal(attach(at, 'web', { network: 'back', address: '10.20.0.2' }))
  assert.deepEqual(rest.details, { network: 'back', address: '10.20.0.2', next: '10.20.0.3' })
  at.time.advance(60_001)
  await attach(at, 'web', { network: 'back', address: '10.20.0.2' })
})

test('an address is not another’s before the engine has been seen without it', async () => {
  await using at = await acmeWorld()
  await running(at, { networks: [{ name: 'default' }, { name: 'back' }] })
  const { promise, resolve } = Promise.withResolvers<undefined>()
  at.host.intercept = ({ method }) => (method === 'disconnectContainer' ? promise : undefined)
  await detach(at, 'web', 'back')
  at.time.advance(120_000)
  const taken = await refusal(
    at.create('acme', { name: 'other', networks: [{ name: 'back', address: '10.20.0.2' }] }),
  )
  assert.equal(taken.code, 'address-taken')
  // It is nobody's member any more, but the network stays for as long.
  await at.control.ofNetworks.delete({ tenant: 'acme', actor: PLATFORM, network: 'back' })
  assert.equal((await at.store.read.networks.byId(at.back.id))?.releasedAt, null)
  resolve(undefined)
  await until('the network is gone', async () => {
    at.time.advance(1000)
    return (await at.store.read.networks.byId(at.back.id))?.releasedAt !== null
  })
})

test('what the engine refuses to join is left again, and the container goes on', async () => {
  await using at = await acmeWorld()
  const { id } = await running(at, {})
  at.host.intercept = ({ method }) =>
    method === 'connectContainer' ? { status: 500, answer: 'no veth is left' } : undefined
  const { operation } = await attach(at, 'web', { network: 'back' })
  await until('the operation has failed', async () => {
    at.time.advance(1000)
    return (await at.store.read.operations.byId(operation.id))?.state === 'failed'
  })
  at.host.intercept = () => undefined
  await until('it is left', async () => {
    at.time.advance(1000)
    return (await at.store.read.containers.byId(id))?.joiningSince === null
  })
  const { addresses, state } = await at.control.containers.get('acme', 'web')
  assert.deepEqual([addresses.length, state], [1, 'running'])
  assert.deepEqual(onEngine(at, id), ['10.208.1.0/24'])
})

test('the network of the default route is kept for life, and one that it is not in is not found', async () => {
  await using at = await acmeWorld()
  await running(at, {})
  assert.match((await refusal(detach(at, 'web', 'default'))).message, /which it keeps for life/)
  assert.equal((await refusal(detach(at, 'web', 'back'))).code, 'not-found')
  assert.equal((await refusal(attach(at, 'web', { network: 'none' }))).code, 'not-found')
})

test('the default network is made with the first container that joins it', async () => {
  await using at = await acmeWorld()
  const { id } = await running(at, { networks: [{ name: 'back' }] })
  assert.deepEqual(onEngine(at, id), [BACK])
  await ended(at, (await attach(at, 'web', { network: 'default' })).operation.id)
  assert.deepEqual(onEngine(at, id), [BACK, '10.208.1.0/24'])
})

test('a fixed address is one that containers can have, and that is free', async () => {
  await using at = await acmeWorld()
  for (const address of [
    '10.20.0.1',
    '10.20.0.0',
    '10.20.0.192',
    '10.20.0.255',
    '10.20.1.2',
    '8.8.8.8',
  ]) {
    const { code, message } = await refusal(
      at.create('acme', { networks: [{ name: 'back', address }] }),
    )
    assert.equal(code, 'invalid-input', address)
    assert.match(message, /containers have 10\.20\.0\.2 to 10\.20\.0\.191 in "back"/)
  }
  await running(at, { networks: [{ name: 'back', address: '10.20.0.2' }] })
  const other = { name: 'other', networks: [{ name: 'back', address: '10.20.0.2' }] }
  const { message } = await refusal(at.create('acme', other))
  assert.equal(message, 'Cannot give 10.20.0.2 in "back": it is in use or rests; 10.20.0.3 is free')
  const twice = [{ name: 'back' }, { name: at.back.id }]
  assert.equal(
    (await refusal(at.create('acme', { name: 'x', networks: twice }))).code,
    'invalid-input',
  )
})

test('an alias is no container’s name, and one container’s in its network', async () => {
  await using at = await acmeWorld()
  await running(at, { networks: [{ name: 'back', aliases: ['db'] }] })
  const create = (name: string, on: string, aliases: string[]) =>
    at.create('acme', { name, networks: [{ name: on, aliases }] })
  for (const [name, on, alias] of [
    ['a', 'back', 'db'],
    ['a', 'back', 'web'],
    ['a', 'default', 'web'],
    ['a', 'back', 'localhost'],
  ] as const) {
    assert.equal((await refusal(create(name, on, [alias]))).code, 'name-taken', `${on} ${alias}`)
  }
  assert.equal((await refusal(create('db', 'default', []))).code, 'name-taken')
  await create('a', 'default', ['db'])
  await runs(at, 'acme', 'a')
  assert.equal(
    (await refusal(at.control.containers.rename(asked('acme', 'a'), 'db'))).code,
    'name-taken',
  )
})

test('another hand takes a container out of any of its networks, and puts it into another: both are put right', async () => {
  await using at = await acmeWorld()
  const { id } = await running(at, { networks: [{ name: 'default' }, { name: 'back' }] })
  await network(at, 'third', '10.30.0.0/24')
  await running(at, { name: 'there', networks: [{ name: 'third' }] })
  const object = [...at.host.containers.values()].find(({ wanted }) => wanted.id === id)
  const third = [...at.host.networks.values()].find(
    ({ wanted }) => wanted.subnet === '10.30.0.0/24',
  )
  const back = [...at.host.networks.values()].find(({ wanted }) => wanted.subnet === BACK)
  assert.ok(object && third && back)
  disconnect(at.host, object.name, back.wanted.name)
  connect(at.host, object.name, { network: third.wanted.name, address: '10.30.0.9', mac: '' })
  await until('it is put right', async () => {
    at.time.advance(1000)
    await at.quiet()
    return JSON.stringify(onEngine(at, id)) === JSON.stringify(['10.20.0.0/24', '10.208.1.0/24'])
  })
})

test('a stopped container joins and leaves, and starts where it is then', async () => {
  await using at = await acmeWorld()
  const { id } = await running(at, { networks: [{ name: 'default' }, { name: 'back' }] })
  await at.control.containers.stop(asked('acme', 'web'))
  await shows(at, ['acme', 'web'], ({ state }) => state === 'stopped')
  await network(at, 'third', '10.30.0.0/24')
  await ended(at, (await attach(at, 'web', { network: 'third' })).operation.id)
  await ended(at, (await detach(at, 'web', 'back')).operation.id)
  await at.control.containers.start(asked('acme', 'web'))
  await runs(at, 'acme', 'web')
  assert.deepEqual(onEngine(at, id), ['10.208.1.0/24', '10.30.0.0/24'])
})

test('killed between any two steps a container comes to be in the networks that were asked for', async () => {
  for (const point of ['before-join', 'networks-told', 'networks-joined']) {
    await using at = await acmeWorld()
    const { id } = await running(at, { networks: [{ name: 'default' }, { name: 'back' }] })
    await network(at, 'third', '10.30.0.0/24')
    let isDead = false
    await at.reborn((passed) => {
      if (passed === point) isDead = true
      if (isDead) throw new Error('killed')
    })
    await at.begin()
    await attach(at, 'web', { network: 'third' })
    await detach(at, 'web', 'back')
    await until(`it is killed at ${point}`, () => {
      at.time.advance(100)
      return isDead
    })
    await at.reborn()
    await at.begin()
    await until('it is as asked for', async () => {
      at.time.advance(1000)
      return (await at.store.read.containers.byId(id))?.joiningSince === null
    })
    assert.deepEqual(onEngine(at, id), ['10.208.1.0/24', '10.30.0.0/24'], point)
    assert.deepEqual((await at.control.ofNetworks.get('acme', 'back')).members, [])
  }
})
