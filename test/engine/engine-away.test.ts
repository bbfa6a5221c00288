import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { createContainer, listContainers } from '../../src/contract/containers.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { engineRelay, type EngineRelay } from '../support/engine-relay.ts'
import { realDocker } from '../support/engine.ts'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, tenantWithKey, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** The engine goes and comes, and others lay hands on what is on it. */

const params = { tenant: 'demo' }
const REPAIRED_MS = 45_000
const docker = realDocker()
let relay: EngineRelay
let platform: Platform
let demo: Tenant

before(async () => {
  relay = await engineRelay('/var/run/docker.sock')
  platform = await startPlatform({ CLOUDLET_ENGINE: relay.path })
  demo = await tenantWithKey(platform, 'demo')
})

after(async () => {
  await relay?.open()
  await platform?.remove()
  await relay?.remove()
})

const create = (name: string) =>
  demo.api.call(createContainer, {
    params,
    query: { wait: 30 },
    body: { name, image: BASE, command: ['sleep', '600'] },
  })

const engineState = async (): Promise<unknown> => {
  const answer = await fetch(`${platform.endpoint}/v1/health`)
  const health: unknown = await answer.json()
  return typeof health === 'object' && health !== null && 'engine' in health && health.engine
}

const answers = async (): Promise<boolean> => {
  const asked = { host: 'hello.demo.cloud.local', timeoutMs: 12_000 }
  return (await page(platform.ingress, asked)).status === 200
}

test('while the engine is away, changes are 503, reads and requests are answered, and it recovers', async () => {
  await relay.cut()
  await until('the engine is seen to be away', async () => (await engineState()) === 'down')

  await assert.rejects(create('later'), (error: unknown) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.code], [503, 'engine-unavailable'])
    assert.ok((error.retryAfterSeconds ?? 0) > 0)
    return true
  })
  const { items } = await demo.api.call(listContainers, { params })
  assert.deepEqual(
    items.map(({ name }) => name),
    ['hello'],
  )
  const { status } = await page(platform.ingress, { host: 'hello.demo.cloud.local' })
  assert.equal(status, 200)

  await relay.open()
  await until('the engine is seen again', async () => (await engineState()) === 'up')
  const { operation } = await create('later')
  assert.equal(operation.state, 'succeeded')
  await demo.remove('later')
})

test('a container that was removed by another hand is made anew', async () => {
  const { id } = await demo.show('hello')
  await docker.getContainer(dockerName('demo', 'container', id)).remove({ force: true })
  await until('it answers again', answers, REPAIRED_MS)
  const { State } = await docker.getContainer(dockerName('demo', 'container', id)).inspect()
  assert.equal(State.Running, true)
})

test('a container that was stopped by another hand is started again', async () => {
  const { resource } = await create('kept')
  const name = dockerName('demo', 'container', resource.id)
  await docker.getContainer(name).stop({ t: 0 })
  const runs = async (): Promise<boolean> =>
    (await docker.getContainer(name).inspect()).State.Running
  await until('it runs again', runs, REPAIRED_MS)
  await until('it is shown so', async () => (await demo.show('kept')).state === 'running')
  assert.ok((await demo.show('kept')).restarts >= 1)
  await demo.remove('kept')
})

test('nothing is left to the engine to restart', async () => {
  const { id } = await demo.show('hello')
  const { HostConfig } = await docker.getContainer(dockerName('demo', 'container', id)).inspect()
  assert.equal(HostConfig.RestartPolicy?.Name, 'no')
})
