import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drainNode, Node } from '../../src/contract/nodes.ts'
import { Operation } from '../../src/contract/operations.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/world.ts'

const Drained = drainNode.response

/** How busy CPUs are shows in two looks, so time has to go on between them. */
async function asked({ admin, call, time }: CloudWorld, path: `/${string}`): Promise<Response> {
  let answer: Response | undefined
  const answered = call(`GET ${path}`, { token: admin.apiKey }).then((it) => (answer = it))
  await until('it is answered', () => {
    time.advance(100)
    return answer !== undefined
  })
  return answered
}

async function look(world: CloudWorld): Promise<Node> {
  const answer = await asked(world, '/v1/nodes/local')
  assert.equal(answer.status, 200)
  return Node.parse(await answer.json())
}

test('a node shows its engine, what is reserved of it and what runs', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  for (const [name, start] of [
    ['one', true],
    ['two', false],
  ] as const) {
    const body = { name, image: 'cloudlet/base', start, cpuMilli: 250, pids: 100 }
    const made = { token: world.admin.apiKey, body }
    assert.equal((await world.call('POST /v1/tenants/aa/containers', made)).status, 202)
  }
  await world.quiet()
  const { name, state, kernel, engine, running, reserved } = await look(world)
  assert.deepEqual({ name, state, kernel, running }, { ...READY, running: 1 })
  assert.equal(engine?.version, '20.10.24')
  assert.deepEqual(engine.runtimes, ['runc'])
  assert.deepEqual(reserved, {
    containers: 2,
    cpuMilli: 500,
    memoryBytes: reserved.memoryBytes,
    pids: 200,
  })
})

const READY = { name: 'local', state: 'ready', kernel: '6.1.0' }

test('a node whose engine is away says so, and still what is reserved of it', async () => {
  await using world = await cloudWorld()
  world.host.stopEngine()
  const { state, engine, kernel, reserved } = await look(world)
  assert.deepEqual({ state, engine, kernel }, { state: 'engine-away', engine: null, kernel: null })
  assert.equal(reserved.containers, 0)
})

test('nodes are listed, and one that there is not is not found', async () => {
  await using world = await cloudWorld()
  const listed: unknown = await (await asked(world, '/v1/nodes')).json()
  assert.deepEqual(listed, { items: [await look(world)] })
  assert.equal((await asked(world, '/v1/nodes/other')).status, 404)
})

test('a drained machine shows it, and its operation is found where the answer says', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  const token = world.admin.apiKey
  const body = { name: 'one', image: 'cloudlet/base', pids: 100 }
  assert.equal((await world.call('POST /v1/tenants/aa/containers', { token, body })).status, 202)
  await world.quiet()
  const drained = await world.call('POST /v1/nodes/local/drain', { token })
  assert.equal(drained.status, 202)
  const { resource, operation } = Drained.parse(await drained.json())
  assert.equal(resource.scheduling, 'drained')
  assert.match(resource.notice ?? '', /no container of any tenant runs/)
  assert.equal(drained.headers.get('location'), `/v1/operations/${operation.id}`)
  const ended = await asked(world, `/v1/operations/${operation.id}?wait=60`)
  const { state, kind, target } = Operation.parse(await ended.json())
  const node = { kind: 'node', id: 'local', name: 'local' }
  assert.deepEqual(
    { state, kind, target },
    { state: 'succeeded', kind: 'nodes.drain', target: node },
  )
  const { scheduling, scheduledAt, running } = await look(world)
  assert.deepEqual({ scheduling, running }, { scheduling: 'drained', running: 0 })
  assert.equal(scheduledAt, resource.scheduledAt)

  const refused = await world.call('POST /v1/tenants/aa/containers', { token, body })
  assert.equal(refused.status, 409)
  const problem: { type?: unknown } = Object(await refused.json())
  assert.equal(problem.type, '/problems/node-cordoned')
  assert.equal((await world.call('POST /v1/nodes/other/drain', { token })).status, 404)
  const missing = await world.call('GET /v1/operations/aaaaaaaaaaaaaaaa', { token })
  assert.equal(missing.status, 404)
})
