import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { endpoint } from '../../src/contract/endpoint.ts'
import { failure } from '../../src/core/failure.ts'
import { mount } from '../../src/http/mount.ts'
import type { App } from '../../src/http/shell.ts'
import { apiWorld, START, type ApiWorld, type Line } from '../support/api-world.ts'

const DAY_MS = 24 * 60 * 60_000
const NewKey = z.looseObject({ id: z.string(), secretKey: z.string() })
const Problem = z.looseObject({ type: z.string() })

interface Sent {
  readonly token: string
  readonly key?: string
  readonly body?: unknown
}

const send = (world: ApiWorld, line: Line, { token, key, body }: Sent) =>
  world.call(line, {
    token,
    ...(body === undefined ? {} : { body }),
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })

const codeOf = async (answer: Response): Promise<string> =>
  Problem.parse(await answer.json()).type.replace('/problems/', '')

test('a repeated POST is answered byte by byte as the first, and has no second effect', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  const again = () =>
    send(world, 'POST /v1/tenants/aa/keys', { token, key: '"k-1"', body: { description: 'x' } })
  const [first, second] = [await again(), await again()]
  assert.deepEqual([first.status, second.status], [201, 201])
  assert.equal(first.headers.get('idempotency-replayed'), null)
  assert.equal(second.headers.get('idempotency-replayed'), 'true')
  const text = await first.text()
  assert.equal(await second.text(), text)
  const { items } = await world.keys.list('aa', { limit: 10 })
  assert.deepEqual(items.filter(({ description }) => description === 'x').length, 1)
  const audited = (await world.audit.list({ limit: 100 })).items
  assert.equal(audited.filter(({ action }) => action === 'keys.create').length, 2)
})

test('a string in quotes and the same as a bare word are one key', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const body = { slug: 'aa' }
  const first = await send(world, 'POST /v1/tenants', { token, key: '"a-b"', body })
  const second = await send(world, 'POST /v1/tenants', { token, key: 'a-b', body })
  assert.equal(await second.text(), await first.text())
})

test('the same request under another condition is another request', async () => {
  await using world = await apiWorld()
  const make = (condition: string) => {
    const headers = { 'idempotency-key': 'k', 'if-match': condition }
    return world.call('POST /v1/tenants', {
      token: world.admin.apiKey,
      body: { slug: 'aa' },
      headers,
    })
  }
  const first = await make('*')
  assert.equal((await make('*')).status, first.status)
  assert.equal(await codeOf(await make('"x"')), 'idempotency-key-reused')
})

test('an Idempotency-Key that is no string is refused', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  for (const key of ['""', '"a', 'a b', '"a", "b"', 'x'.repeat(256), '"ä"']) {
    const answer = await send(world, 'POST /v1/tenants', { token, key, body: { slug: 'aa' } })
    assert.equal(answer.status, 422, key)
  }
  assert.deepEqual((await world.tenants.list({ limit: 1 })).items, [])
})

test('the same key with another body, query or path is refused', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const key = 'k'
  await send(world, 'POST /v1/tenants', { token, key, body: { slug: 'aa' } })
  for (const [line, body] of [
    ['POST /v1/tenants', { slug: 'bb' }],
    ['POST /v1/keys', { description: 'b' }],
  ] as const) {
    const answer = await send(world, line, { token, key, body })
    assert.equal(answer.status, 422)
    assert.equal(await codeOf(answer), 'idempotency-key-reused')
  }
  assert.equal((await world.tenants.list({ limit: 9 })).items.length, 1)
})

test('what one tenant calls a key is nothing to another, nor to the platform', async () => {
  await using world = await apiWorld()
  const [a, b] = [await world.tenant('aa'), await world.tenant('bb')]
  const ids = new Set<string>()
  for (const [token, slug] of [
    [a.apiKey, 'aa'],
    [b.apiKey, 'bb'],
    [world.admin.apiKey, 'aa'],
  ] as const) {
    const answer = await send(world, `POST /v1/tenants/${slug}/keys`, { token, key: 'k', body: {} })
    assert.equal(answer.status, 201)
    ids.add(NewKey.parse(await answer.json()).id)
  }
  assert.equal(ids.size, 3)
})

test('another key of the tenant gets the stored answer, but never a secret that was not shown to it', async () => {
  await using world = await apiWorld()
  const first = await world.tenant('aa')
  const second = await world.keyOf('aa', 'admin')
  const key = 'k'
  await send(world, 'POST /v1/tenants/aa/keys', { token: first.apiKey, key, body: {} })
  const answer = await send(world, 'POST /v1/tenants/aa/keys', {
    token: second.apiKey,
    key,
    body: {},
  })
  assert.equal(answer.status, 422)
  assert.ok(!(await answer.text()).includes('secretKey'))
})

test('a secret is not in the database but encrypted', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const answer = await send(world, 'POST /v1/keys', { token, key: 'k', body: {} })
  const { secretKey } = NewKey.parse(await answer.json())
  const row = await world.store.read.idempotency.find('platform', 'k')
  assert.ok(row?.sealedAnswer)
  assert.ok(!JSON.stringify(row).includes(secretKey))
})

test('a refusal is repeated too, but not what may be otherwise at the next try', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  await world.tenant('aa')
  const taken = () => send(world, 'POST /v1/tenants', { token, key: 'k', body: { slug: 'aa' } })
  const text = await (await taken()).text()
  const again = await taken()
  assert.equal(again.status, 409)
  assert.equal(await again.text(), text)
  const refused = (await world.audit.list({ limit: 100 })).items.filter(
    ({ status }) => status === 409,
  )
  assert.equal(refused.length, 1)
})

test('wrong input claims nothing', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const wrong = await send(world, 'POST /v1/tenants', { token, key: 'k', body: { slug: '-' } })
  assert.equal(wrong.status, 422)
  const right = await send(world, 'POST /v1/tenants', { token, key: 'k', body: { slug: 'aa' } })
  assert.equal(right.status, 201)
})

test('an answer is kept for 24 hours', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const make = () => send(world, 'POST /v1/keys', { token, key: 'k', body: {} })
  const first = await (await make()).text()
  world.advance(DAY_MS - 1000)
  await world.once.sweep()
  assert.equal(await (await make()).text(), first)
  world.advance(2000)
  assert.notEqual(await (await make()).text(), first)
  world.advance(DAY_MS + 1)
  await world.once.sweep()
  assert.equal(await world.store.read.idempotency.find('platform', 'k'), undefined)
})

const wheel = endpoint({
  id: 'wheels.turn',
  method: 'post',
  path: '/v1/wheels',
  summary: 'Turn the wheel',
  permission: 'keys:write',
  body: z.strictObject({ by: z.int().default(1) }),
  kind: 'answer',
  status: 201,
  response: z.object({ turns: z.int() }),
  failures: ['engine-unavailable'],
})

/** A POST of this test's own, whose work is done by `turn`. */
const wheelTurnedBy = (turn: () => Promise<number>) => (app: App) =>
  mount(app, wheel, async () => ({ turns: await turn() }))

test('a repeat while the first is under way is 409 and says when to come again', async () => {
  const gate = Promise.withResolvers<undefined>()
  let turns = 0
  const turn = async () => {
    await gate.promise
    return ++turns
  }
  await using world = await apiWorld([wheelTurnedBy(turn)])
  const { apiKey: token } = world.admin
  const asked = { token, key: 'k', body: {} }
  const first = send(world, 'POST /v1/wheels', asked)
  const early = await send(world, 'POST /v1/wheels', asked)
  assert.equal(early.status, 409)
  assert.equal(early.headers.get('retry-after'), '1')
  assert.equal(await codeOf(early), 'request-running')
  const other = await send(world, 'POST /v1/wheels', { ...asked, body: { by: 2 } })
  assert.equal(other.status, 422)
  gate.resolve(undefined)
  assert.equal((await first).status, 201)
  assert.deepEqual(await (await send(world, 'POST /v1/wheels', asked)).json(), { turns: 1 })
})

test('what failed by a fault of ours can be tried again with the same key', async () => {
  let tries = 0
  const turn = async () => {
    if (++tries === 1) throw failure('engine-unavailable', 'Away', { retryAfterSeconds: 2 })
    if (tries === 2) throw new Error('broken')
    return tries
  }
  await using world = await apiWorld([wheelTurnedBy(turn)])
  const asked = { token: world.admin.apiKey, key: 'k', body: {} }
  const statuses: number[] = []
  for (let sent = 0; sent < 4; sent++) {
    statuses.push((await send(world, 'POST /v1/wheels', asked)).status)
  }
  assert.deepEqual(statuses, [503, 500, 201, 201])
  assert.equal(tries, 3)
})

test('a request whose answer could not be kept is not carried out again', async () => {
  await using world = await apiWorld()
  const { apiKey: token } = world.admin
  const make = () => send(world, 'POST /v1/tenants', { token, key: 'k', body: { slug: 'aa' } })
  assert.equal((await make()).status, 201)
  const row = await world.store.read.idempotency.find('platform', 'k')
  assert.ok(row)
  await world.store.write((q) => q.idempotency.put({ ...row, sealedAnswer: null }))
  const answer = await make()
  assert.equal(answer.status, 409)
  const { type, target } = z
    .looseObject({ target: z.string(), type: z.string() })
    .parse(await answer.json())
  assert.deepEqual([type, target], ['/problems/already-done', 'tenant/aa'])
})

test('an answer that is in the way leaves each tenant its newest ones', async () => {
  await using world = await apiWorld()
  const row = {
    askedBy: world.admin.id,
    fingerprint: 'f',
    target: '-',
    sealedAnswer: null,
  }
  await world.store.write(async (q) => {
    for (let at = 0; at < 5; at++) {
      await q.idempotency.put({ ...row, scope: 'one', key: `k${at}`, createdAt: at })
    }
    await q.idempotency.put({ ...row, scope: 'two', key: 'k0', createdAt: 0 })
    await q.idempotency.pruneBeyond({ most: 2, answerBytes: 0 })
  })
  const left = async (scope: string, key: string) =>
    (await world.store.read.idempotency.find(scope, key)) !== undefined
  assert.deepEqual(
    [
      await left('one', 'k2'),
      await left('one', 'k3'),
      await left('one', 'k4'),
      await left('two', 'k0'),
    ],
    [false, true, true, true],
  )
})

test('long answers in the way leave each tenant the newest that fit', async () => {
  await using world = await apiWorld()
  const row = { askedBy: world.admin.id, fingerprint: 'f', target: '-', scope: 'one' }
  const sealedAnswer = 'ä'.repeat(512 * 1024)
  await world.store.write(async (q) => {
    for (let at = 0; at < 34; at++) {
      await q.idempotency.put({ ...row, sealedAnswer, key: `k${at}`, createdAt: START + at })
    }
    await q.idempotency.put({ ...row, sealedAnswer, scope: 'two', key: 'k0', createdAt: START })
  })
  await world.once.sweep()
  const left = async (scope: string, key: string) =>
    (await world.store.read.idempotency.find(scope, key)) !== undefined
  assert.deepEqual(
    [await left('one', 'k1'), await left('one', 'k2'), await left('two', 'k0')],
    [false, true, true],
  )
})
