import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { ownEngine, type OwnEngine } from '../support/own-engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * A second engine, without live-restore, that does all that an engine does to networks: what does it start
 * by itself, when it comes back and the platform is down?
 */

const RUNS_AGAIN_MS = 60_000
let engine: OwnEngine
let platform: Platform | undefined
let acme: Tenant

before(async () => {
  engine = await ownEngine({ settings: { 'live-restore': false }, hasBridge: true })
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_ENGINE: engine.socket })
  acme = await newTenant(platform, 'acme')
})

after(async () => {
  await platform?.remove()
  await engine?.remove()
})

async function running(): Promise<number> {
  const filters = { label: [`${INSTANCE_LABEL}=${platform?.instance}`], status: ['running'] }
  return (await engine.docker.listContainers({ filters })).length
}

test('an engine that restarts while the platform is down starts nothing; the platform does', async () => {
  const spec = { image: BASE, command: ['sleep', '600'], restart: 'always' } as const
  for (const name of ['one', 'two']) await acme.run({ name, ...spec, command: [...spec.command] })
  assert.equal(await running(), 2)

  await platform?.stop()
  assert.equal(await running(), 2, 'containers stay when the platform stops')
  await engine.stop()
  await engine.start()
  assert.equal(await running(), 0)
  assert.equal((await engine.docker.listContainers({ all: true })).length, 2)

  await platform?.start()
  await until('both run again', async () => (await running()) === 2, RUNS_AGAIN_MS)
})
