import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createContainer } from '../../src/contract/containers.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { ownEngine, type OwnEngine } from '../support/own-engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** The machine goes down and comes back: nothing runs before the platform says so. */

const WITNESS = 'witness'
const BACK_MS = 30_000

let engine: OwnEngine
let platform: Platform
let acme: Tenant

before(async () => {
  engine = await ownEngine()
  platform = await startPlatform({ CLOUDLET_ENGINE: engine.socket, CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
})

after(async () => {
  await platform?.remove()
  await engine?.remove()
})

const isRunning = async (name: string): Promise<boolean> =>
  (await engine.docker.getContainer(name).inspect()).State.Running

test('an engine that starts while the platform is down starts nothing of it', async () => {
  const { id } = await acme.run({
    name: 'steady',
    image: BASE,
    command: ['sleep', '600'],
    restart: 'always',
    stopSignal: 'SIGKILL',
  })
  const steady = dockerName('acme', 'container', id)
  // One that the engine itself brings back shows when it has brought back all that it would.
  const witness = await engine.docker.createContainer({
    name: WITNESS,
    Image: BASE,
    Cmd: ['sleep', '600'],
    StopSignal: 'SIGKILL',
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
  })
  await witness.start()

  await platform.stop()
  assert.equal(await isRunning(steady), true, 'a container outlives the platform')
  await engine.stop()
  await engine.start()
  await until('the witness runs again', () => isRunning(WITNESS), BACK_MS)
  assert.equal(await isRunning(steady), false)
  await witness.remove({ force: true })

  await platform.start()
  await until('it runs again', () => isRunning(steady), BACK_MS)
  await until('it is shown so', async () => (await acme.show('steady')).state === 'running')
})

test('a container that was stopped before stays so', async () => {
  const params = { tenant: 'acme' }
  const body = { name: 'still', image: BASE, command: ['sleep', '600'], start: false }
  const query = { wait: 30 }
  const { resource } = await acme.api.call(createContainer, { params, query, body })
  const still = dockerName('acme', 'container', resource.id)
  const { id } = await acme.show('steady')
  const steady = dockerName('acme', 'container', id)

  await platform.stop()
  await engine.stop()
  await engine.start()
  await platform.start()
  await until('the other runs again', () => isRunning(steady), BACK_MS)
  assert.equal(await isRunning(still), false)
  assert.equal((await acme.show('still')).state, 'stopped')
})
