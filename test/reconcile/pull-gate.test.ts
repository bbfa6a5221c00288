import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineRefusal } from '../../src/ports/engine.ts'
import { pullTurns } from '../../src/reconcile/pull-turns.ts'
import { imageIdOf, runs, shows, until, world, type World } from '../support/world.ts'

const FACTS = { imageId: imageIdOf('pulled'), exposedTcpPorts: [], volumes: [], user: '' }
const pulls = ({ host }: World) => host.calls.filter(({ method }) => method === 'pull')

async function refusedPull(at: World, image: string): Promise<string> {
  await at.create('acme', { name: 'web', image })
  const { reason } = await shows(at, ['acme', 'web'], ({ state }) => state === 'failed')
  return reason?.message ?? ''
}

test('a registry whose name leads inside is not asked, and the reason says who can allow it', async () => {
  await using at = await world({ registry: () => FACTS })
  await at.addTenant('acme')
  await at.begin()
  at.names.all.set('rebind.example.org', ['93.184.216.34', '127.0.0.1'])
  const reason = await refusedPull(at, 'rebind.example.org:2375/x')
  assert.match(reason, /CLOUDLET_REGISTRIES/)
  assert.deepEqual(pulls(at), [])
})

test("a registry on this host's public address is not asked", async () => {
  await using at = await world({ registry: () => FACTS })
  await at.addTenant('acme')
  await at.begin()
  at.names.all.set('me.example.org', ['93.184.216.34'])
  at.names.own.add('93.184.216.34')
  assert.match(await refusedPull(at, 'me.example.org/x'), /not on the public Internet/)
  assert.deepEqual(pulls(at), [])
})

test('a registry that the operator has named, one of the world, and one that is not found are asked', async () => {
  await using at = await world({ registry: () => FACTS })
  await at.addTenant('acme')
  await at.begin()
  at.names.all.set('registry.corp', ['10.0.0.7'])
  at.names.all.set('ghcr.io', ['140.82.121.34'])
  const images = ['registry.corp:5000/x', 'ghcr.io/x/y', 'behind-a-proxy.example/x']
  for (const [i, image] of images.entries()) {
    await at.create('acme', { name: `web${i}`, image })
    await runs(at, 'acme', `web${i}`)
  }
  assert.equal(pulls(at).length, 3)
})

test('an address inside is refused before anything is written', async () => {
  await using at = await world({ registry: () => FACTS })
  await at.addTenant('acme')
  await at.begin()
  for (const image of ['127.0.0.1:5000/x', 'localhost/x', '169.254.169.254/latest/meta']) {
    await assert.rejects(at.create('acme', { image }), { code: 'invalid-input' }, image)
  }
})

test('what is shared is run, wherever its name points', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  at.host.addImage('localhost/app', FACTS)
  const row = { tenantId: null, reference: 'localhost/app:latest', imageId: FACTS.imageId }
  await at.store.write((q) => q.images.put({ ...row, addedAt: 0 }))
  await at.create('acme', { name: 'web', image: 'localhost/app' })
  await runs(at, 'acme', 'web')
})

test('an image that unpacks to far more than may be pulled is not run', async () => {
  await using at = await world({ registry: () => ({ ...FACTS, sizeBytes: 6 * 1024 ** 3 }) })
  await at.addTenant('acme')
  await at.begin()
  assert.match(await refusedPull(at, 'ghcr.io/x/bomb'), /unpacked it is too large/)
  assert.equal(at.host.containers.size, 0)
})

test('the engine is told how large an image may be, and its refusal is the reason', async () => {
  const told: unknown[] = []
  await using at = await world({
    registry({ mostBytes }) {
      told.push(mostBytes)
      throw new EngineRefusal('pull image', 413, 'it is too large')
    },
  })
  await at.addTenant('acme')
  await at.begin()
  assert.match(await refusedPull(at, 'ghcr.io/x/large'), /it is too large/)
  assert.deepEqual(told, [1024 ** 3])
})

const never = new AbortController().signal

test('pullTurns() gives a tenant its share, and all together no more than the most', async () => {
  const inTurn = pullTurns(3, 2)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const pull = (tenant: string, name: string): Promise<void> =>
    inTurn(
      tenant,
      () => {
        begun.push(name)
        return new Promise((resolve) => ends.set(name, resolve))
      },
      never,
    )
  const all = [pull('a', 'a1'), pull('a', 'a2'), pull('a', 'a3'), pull('b', 'b1'), pull('c', 'c1')]
  await until('three have begun', () => begun.length === 3)
  assert.deepEqual(begun, ['a1', 'a2', 'b1'])
  ends.get('b1')?.()
  await until('the next has begun', () => begun.length === 4)
  assert.equal(begun[3], 'c1', 'a has its share already')
  ends.get('a1')?.()
  await until('the last has begun', () => begun.length === 5)
  for (const end of ends.values()) end()
  await Promise.all(all)
})

test('pullTurns() forgets who gave up waiting, and goes on after one that failed', async () => {
  const inTurn = pullTurns(1, 1)
  const given = new AbortController()
  const failing = Promise.withResolvers<never>()
  const first = inTurn('a', () => failing.promise, never)
  const second = inTurn('b', () => Promise.resolve('second'), given.signal)
  const third = inTurn('c', () => Promise.resolve('third'), never)
  given.abort(new Error('enough'))
  await assert.rejects(second, /enough/)
  failing.reject(new Error('broken'))
  await assert.rejects(first, /broken/)
  assert.equal(await third, 'third')
})
