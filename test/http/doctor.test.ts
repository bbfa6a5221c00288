import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Diagnosis } from '../../src/contract/doctor.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

async function look({ call, admin }: CloudWorld) {
  const answer = await call('GET /v1/platform/doctor', { token: admin.apiKey })
  assert.equal(answer.status, 200)
  const { healthy, items } = Diagnosis.parse(await answer.json())
  return { healthy, of: (check: string) => items.find((one) => one.check === check)?.result }
}

test('the doctor tells what the platform knows of its engine, its walls and its database', async () => {
  await using world = await cloudWorld()
  const { healthy, of } = await look(world)
  // Nothing of this world listens for questions, so it cannot be healthy.
  assert.equal(healthy, false)
  assert.deepEqual(
    ['engine', 'engine.live-restore', 'runc.holes', 'isolation', 'database', 'dns.responder'].map(
      of,
    ),
    ['ok', 'ok', 'problem', 'ok', 'ok', 'problem'],
  )
})

test('the doctor answers while the engine is away', async () => {
  await using world = await cloudWorld()
  world.host.stopEngine()
  assert.equal((await look(world)).of('engine'), 'problem')
})
