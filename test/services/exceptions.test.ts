import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM } from '../../src/core/actor.ts'
import type { ImageFacts } from '../../src/ports/engine.ts'
import { sandboxCheck } from '../../src/services/sandbox.ts'
import { tenantService } from '../../src/services/tenants.ts'
import { asked, imageIdOf, runs, shows, world, type World } from '../support/world.ts'

const MIB = 1024 * 1024

/** The tenants of a world, as an operator changes them. */
const tenantsOf = ({ store, time, newId, control }: World) =>
  tenantService({
    store,
    clock: time,
    newId,
    audit: control.audit,
    events: { record: () => Promise.resolve() },
    ledger: control.ledger,
    defaults: { containers: null, cpuMilli: null, memoryBytes: null },
    ended: () => undefined,
    limitsChanged: () => undefined,
    requireRuntime: sandboxCheck(control.engine),
    isolated: true,
    operations: control.operations,
    wake: () => undefined,
    wakeTenant: () => undefined,
    routesChanged: () => undefined,
    erase: () => Promise.resolve(),
  })

const wantedBy = ({ host }: World) => [...host.containers.values()][0]?.wanted

test('a container has the exceptions that it asks for, of those that its tenant was granted', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const exceptions = ['capability:NET_RAW', 'large-shm', 'writable-root'] as const
  const changed = await tenantsOf(at).update('acme', { exceptions: [...exceptions] }, PLATFORM)
  assert.deepEqual(changed.exceptions, exceptions)
  await at.create('acme', {
    name: 'web',
    policy: 'restricted',
    user: '1000',
    memoryBytes: 96 * MIB,
    exceptions: [...exceptions],
  })
  await runs(at, 'acme', 'web')
  assert.deepEqual(wantedBy(at)?.capabilities, ['NET_BIND_SERVICE', 'NET_RAW'])
  assert.equal(wantedBy(at)?.shmBytes, 96 * MIB)
  assert.equal(wantedBy(at)?.readOnlyRoot, false)
})

test('an exception that is granted and not asked for changes nothing', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await tenantsOf(at).update('acme', { exceptions: ['capability:NET_RAW'] }, PLATFORM)
  await at.create('acme', { name: 'web' })
  await runs(at, 'acme', 'web')
  assert.equal(wantedBy(at)?.capabilities.includes('NET_RAW'), false)
})

test('an exception that was not granted is refused under its place, and nothing is made', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await tenantsOf(at).update('acme', { exceptions: ['large-shm'] }, PLATFORM)
  const create = at.create('acme', { exceptions: ['large-shm', 'capability:SYS_PTRACE'] })
  await assert.rejects(create, {
    code: 'invalid-input',
    details: {
      errors: [
        {
          pointer: '#/exceptions/1',
          detail: 'the operator has not granted the tenant the exception "capability:SYS_PTRACE"',
        },
      ],
    },
  })
  assert.equal(at.host.containers.size, 0)
})

test('an exception that containers have cannot be withdrawn before they are gone', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const tenants = tenantsOf(at)
  await tenants.update('acme', { exceptions: ['large-shm', 'capability:NET_RAW'] }, PLATFORM)
  await at.create('acme', { name: 'web', exceptions: ['large-shm'] })
  await runs(at, 'acme', 'web')
  await assert.rejects(tenants.update('acme', { exceptions: [] }, PLATFORM), /\(web\)/)
  await tenants.update('acme', { exceptions: ['large-shm'] }, PLATFORM)
  await at.control.containers.delete(asked('acme', 'web'), true)
  await at.quiet()
  assert.deepEqual((await tenants.update('acme', { exceptions: [] }, PLATFORM)).exceptions, [])
})

test('the runtime "sandboxed" is refused where the engine has none, for a tenant as for a container', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const refusal = { code: 'invalid-input' }
  await assert.rejects(at.create('acme', { runtime: 'sandboxed' }), refusal)
  await assert.rejects(tenantsOf(at).update('acme', { runtime: 'sandboxed' }, PLATFORM), refusal)
})

test('a tenant whose runtime is "sandboxed" has no other', async () => {
  await using at = await world({ sandbox: true })
  await at.addTenant('acme')
  await at.begin()
  await tenantsOf(at).update('acme', { runtime: 'sandboxed' }, PLATFORM)
  await assert.rejects(at.create('acme', { runtime: 'default' }), { code: 'invalid-input' })
  await at.create('acme', { name: 'web' })
  assert.equal((await runs(at, 'acme', 'web')).runtime, 'sandboxed')
  assert.equal(wantedBy(at)?.sandboxed, true)
})

/** An image of the platform's that declares these volumes. */
async function imageWith({ store, host }: World, volumes: readonly string[]): Promise<void> {
  const facts: ImageFacts = { imageId: imageIdOf('v'), exposedTcpPorts: [], volumes, user: '' }
  host.addImage('cloudlet/volumes', facts)
  const reference = 'docker.io/cloudlet/volumes:latest'
  const row = { tenantId: null, reference, imageId: facts.imageId, addedAt: 0 }
  await store.write((q) => q.images.put(row))
}

test('the volumes of an image are sized file systems in memory, and shown', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await imageWith(at, ['/data', '/more'])
  await at.create('acme', { name: 'db', image: 'cloudlet/volumes', memoryBytes: 64 * MIB })
  const { fileSystems } = await runs(at, 'acme', 'db')
  const ofImage = fileSystems.filter(({ origin }) => origin === 'image')
  assert.deepEqual(
    ofImage.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [
      ['/data', 32 * MIB],
      ['/more', 32 * MIB],
    ],
  )
  const given = wantedBy(at)?.tmpfs.map(({ path, sizeBytes }) => [path, sizeBytes])
  assert.deepEqual(
    given,
    fileSystems.map(({ path, sizeBytes }) => [path, sizeBytes]),
  )
})

test('an image whose volumes cannot be given fails the container with a reason, and is not run', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await imageWith(at, ['/proc'])
  await at.create('acme', { name: 'bad', image: 'cloudlet/volumes' })
  const { reason } = await shows(at, ['acme', 'bad'], ({ state }) => state === 'failed')
  assert.match(reason?.message ?? '', /declares the volume "\/proc"/)
  assert.equal(at.host.containers.size, 0)
})
