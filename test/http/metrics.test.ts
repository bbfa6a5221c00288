import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '../../src/contract/metrics.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

async function worldWith(start: boolean): Promise<CloudWorld> {
  const world = await cloudWorld()
  await world.addTenant('aa')
  const body = { name: 'web', image: 'cloudlet/base', start }
  await world.call('POST /v1/tenants/aa/containers', { token: world.admin.apiKey, body })
  await world.quiet()
  return world
}

const ask = ({ call, admin }: CloudWorld, name = 'web'): Promise<Response> =>
  call(`GET /v1/tenants/aa/containers/${name}/metrics`, { token: admin.apiKey })

async function sample(world: CloudWorld): Promise<Metrics> {
  const answer = await ask(world)
  assert.equal(answer.status, 200)
  return Metrics.parse(await answer.json())
}

test('metrics tell how busy a container was since the sample before, and not in the first', async () => {
  await using world = await worldWith(true)
  const first = await sample(world)
  assert.equal(first.cpuPercent, null)
  assert.equal(first.pids, 1)
  world.time.advance(4000)
  const second = await sample(world)
  // The processes of this engine are busy for a quarter of the time.
  assert.equal(second.cpuPercent, 25)
  assert.ok(Math.abs(second.cpuSeconds - first.cpuSeconds - 1) < 1e-6)
})

test('metrics asked for again within a second are the same, and do not ask the engine', async () => {
  await using world = await worldWith(true)
  const first = await sample(world)
  world.time.advance(999)
  assert.deepEqual(await sample(world), first)
  assert.equal(world.host.calls.filter(({ method }) => method === 'sample').length, 1)
})

test('metrics of a container that does not run are refused, and say in what state it is', async () => {
  await using world = await worldWith(false)
  const answer = await ask(world)
  assert.equal(answer.status, 409)
  const problem: unknown = await answer.json()
  assert.ok(typeof problem === 'object' && problem && 'state' in problem)
  assert.equal(problem.state, 'stopped')
  assert.equal((await ask(world, 'other')).status, 404)
})

test('metrics say that the engine is away', async () => {
  await using world = await worldWith(true)
  world.host.stopEngine()
  assert.equal((await ask(world)).status, 503)
})
