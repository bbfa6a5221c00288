import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { change, type Operation } from '../../src/contract/operations.ts'
import { endpoint, WaitQuery } from '../../src/contract/endpoint.ts'
import { InTenant } from '../../src/contract/names.ts'
import { mountChange, type Settle } from '../../src/http/mount.ts'
import type { App } from '../../src/http/shell.ts'
import { apiWorld } from '../support/api-world.ts'

/** A change of this test's own, so that what `mountChange` does is seen alone. */
const turn = endpoint({
  id: 'wheels.turn',
  method: 'post',
  path: '/v1/tenants/{tenant}/wheels',
  summary: 'Turn the wheel',
  permission: 'containers:write',
  params: InTenant,
  query: WaitQuery,
  kind: 'change',
  status: 202,
  response: change(z.object({ turns: z.int() })),
  failures: ['not-found'],
})

type Outcome = Pick<Operation, 'error' | 'state'>

const operationOf = (outcome: Outcome): Operation => ({
  id: 'operation0000001',
  kind: 'wheels.turn',
  target: { kind: 'wheel', id: '1', name: 'w' },
  step: null,
  progress: 0,
  createdAt: '2026-01-02T03:04:05.000Z',
  updatedAt: '2026-01-02T03:04:05.000Z',
  ...outcome,
})

/** Turns a wheel that comes to `outcome` when somebody waits for it; answers for how long they did. */
function wheel(outcome: Outcome) {
  const waits: number[] = []
  const settle: Settle = async (begun, seconds) => {
    waits.push(seconds)
    return { ...begun, operation: operationOf(outcome), resource: await begun.fresh() }
  }
  const route = (app: App) =>
    mountChange(app, turn, {
      settle,
      serve: async () => ({
        operation: operationOf({ state: 'pending', error: null }),
        resource: { turns: 0 },
        // A column that the contract does not name.
        fresh: async () => ({ turns: 1, secret: 'x' }),
      }),
    })
  return { waits, route }
}

async function turned(outcome: Outcome, query = '?wait=7') {
  const { waits, route } = wheel(outcome)
  await using world = await apiWorld([route])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call(`POST /v1/tenants/aa/wheels${query}`, { token })
  const audited = (await world.audit.list({ limit: 100 })).items.map(({ action }) => action)
  const body = z.looseObject({}).parse(await answer.json())
  return { answer, body, waits, audited }
}

test('a change is answered at once with 202 and the place of its operation', async () => {
  const { answer, body, waits } = await turned({ state: 'succeeded', error: null }, '')
  assert.equal(answer.status, 202)
  assert.equal(answer.headers.get('location'), '/v1/tenants/aa/operations/operation0000001')
  assert.deepEqual(waits, [])
  assert.deepEqual(body['resource'], { turns: 0 })
})

test('a change that is waited for and succeeds is 200 with the resource as it is then', async () => {
  const { answer, body, waits } = await turned({ state: 'succeeded', error: null })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('location'), null)
  assert.deepEqual(waits, [7])
  assert.deepEqual(body['resource'], { turns: 1 })
})

test('a change that is still under way when the time is over is 202', async () => {
  const { answer, body } = await turned({ state: 'running', error: null })
  assert.equal(answer.status, 202)
  assert.deepEqual(body['resource'], { turns: 1 })
})

test('a change that fails has the status and problem of its failure, and is no refusal', async () => {
  const details = { image: 'x', answer: 'no such image' }
  const error = { code: 'image-unavailable', message: 'Cannot pull image "x"', details }
  const { answer, body, audited } = await turned({ state: 'failed', error })
  assert.equal(answer.status, 422)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(body['type'], '/problems/image-unavailable')
  assert.equal(body['detail'], 'Cannot pull image "x"')
  assert.equal(body['answer'], 'no such image')
  assert.equal(body['operation'], 'operation0000001')
  assert.ok(!audited.includes('wheels.turn'))
})

test('a change that fails for a reason nobody knows is 500, and its text stays inside', async () => {
  const error = { code: 'from-a-later-version', message: 'secret text', details: {} }
  const { answer, body } = await turned({ state: 'failed', error })
  assert.equal(answer.status, 500)
  assert.ok(!JSON.stringify(body).includes('secret text'))
})

test('a change that is cancelled is 409', async () => {
  const { answer, body } = await turned({ state: 'cancelled', error: null })
  assert.equal(answer.status, 409)
  assert.equal(body['type'], '/problems/cancelled')
})

test('nobody waits longer than a minute, nor for less than nothing', async () => {
  for (const query of ['?wait=61', '?wait=-1', '?wait=1.5', '?wait=x']) {
    const { answer, waits } = await turned({ state: 'succeeded', error: null }, query)
    assert.equal(answer.status, 422, query)
    assert.deepEqual(waits, [])
  }
})
