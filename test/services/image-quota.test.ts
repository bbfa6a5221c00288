import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineRefusal, type ImageFacts, type PullWanted } from '../../src/ports/engine.ts'
import { accountOfPlatform } from '../../src/services/ledger.ts'
import { asked, imageIdOf, runs, shows, until, world, type World } from '../support/world.ts'

const MIB = 1024 * 1024
/** What the registry has, by repository; `twin` is `small` under another name. */
const SIZES = { small: 10 * MIB, twin: 10 * MIB, large: 30 * MIB } as const
const isKnown = (name: string): name is keyof typeof SIZES => Object.hasOwn(SIZES, name)

/** Packed it is half as large. */
function registry({ reference, mostBytes = Infinity }: PullWanted): ImageFacts {
  const name = /\/(\w+):/.exec(reference)?.[1] ?? ''
  const sizeBytes = isKnown(name) ? SIZES[name] : 0
  if (sizeBytes / 2 > mostBytes) throw new EngineRefusal('pull', 413, 'it is too large')
  const imageId = imageIdOf(name === 'twin' ? 'small' : name)
  return { imageId, exposedTcpPorts: [], volumes: [], user: '', sizeBytes }
}

const image = (name: string) => `registry.example/${name}`

const NOW = { seconds: 0, signal: new AbortController().signal }

type Place = readonly [tenant: string, name: string]

async function made(at: World, [tenant, name]: Place, from: string): Promise<void> {
  await at.create(tenant, { name, image: from })
  await runs(at, tenant, name)
}

async function refused(at: World, [tenant, name]: Place, from: string) {
  const { operation } = await at.create(tenant, { name, image: from })
  const { reason } = await shows(at, [tenant, name], ({ state }) => state === 'failed')
  const ended = await at.control.operations.get(tenant, operation.id, NOW)
  assert.deepEqual([ended.state, ended.error?.code], ['failed', reason?.code])
  return reason
}

test('an image counts once for each tenant that has a container of it, and a shared one for nobody', async () => {
  await using at = await world({ registry })
  const [acme, other] = [await at.addTenant('acme'), await at.addTenant('other')]
  await at.begin()
  const held = async () => [
    (await at.reserved(acme.id)).imageBytes,
    (await at.reserved(other.id)).imageBytes,
    (await accountOfPlatform(at.store.read)).reserved.imageBytes,
  ]
  await made(at, ['acme', 'base'], 'cloudlet/base')
  assert.deepEqual(await held(), [0, 0, 0])
  await made(at, ['acme', 'a'], image('small'))
  await made(at, ['acme', 'b'], image('small'))
  await made(at, ['acme', 'c'], image('twin'))
  await made(at, ['other', 'a'], image('small'))
  assert.deepEqual(await held(), [10 * MIB, 10 * MIB, 20 * MIB])
  await made(at, ['acme', 'd'], image('large'))
  assert.deepEqual(await held(), [40 * MIB, 10 * MIB, 50 * MIB])

  await at.control.containers.delete(asked('acme', 'd'), true)
  await until('it is given back', async () => (await held())[0] === 10 * MIB)
  await at.control.containers.delete(asked('acme', 'a'), true)
  await until('it is gone', async () => (await at.reserved(acme.id)).containers === 3)
  assert.deepEqual(await held(), [10 * MIB, 10 * MIB, 20 * MIB])
})

test('an image that there is no room for fails the operation, before or after its pull', async () => {
  await using at = await world({ registry })
  const { id } = await at.addTenant('acme', { imageBytes: 25 * MIB })
  await at.begin()
  await made(at, ['acme', 'a'], image('small'))
  // Packed it has 15 MiB, for which there is room.
  const after = await refused(at, ['acme', 'b'], image('large'))
  assert.equal(after?.code, 'quota-exceeded')
  assert.match(after.message, /imageBytes \(limit 26214400, used 10485760, requested 31457280\)/)
  await at.store.write((q) => q.limits.put(id, { imageBytes: 24 * MIB }))
  const before = await refused(at, ['acme', 'c'], 'registry.example:5000/large')
  assert.equal(before?.code, 'quota-exceeded')
  assert.match(before.message, /used 10485760, requested 14680065\)/)
  assert.equal((await at.reserved(id)).imageBytes, 10 * MIB)
  // What it has already takes nothing more.
  await at.store.write((q) => q.limits.put(id, { imageBytes: 0 }))
  await made(at, ['acme', 'd'], image('small'))
})

test('images of all tenants together have a limit, too', async () => {
  await using at = await world({ registry })
  await at.addTenant('acme')
  await at.begin()
  await at.store.write((q) => q.limits.put(null, { imageBytes: 9 * MIB }))
  const reason = await refused(at, ['acme', 'a'], image('small'))
  assert.equal(reason?.code, 'capacity-exceeded')
})

test('of two images for which there is room for one, one is refused', async () => {
  await using at = await world({ registry })
  const { id } = await at.addTenant('acme', { imageBytes: 35 * MIB })
  await at.begin()
  await at.create('acme', { name: 'a', image: image('small') })
  await at.create('acme', { name: 'b', image: image('large') })
  const states = async () => {
    const { items } = await at.control.containers.list('acme', { limit: 10 })
    return items.map(({ state }) => state).toSorted()
  }
  await until('both have ended', async () => (await states()).join() === 'failed,running')
  const { imageBytes = 0 } = await at.reserved(id)
  assert.ok(imageBytes === 10 * MIB || imageBytes === 30 * MIB)
})
