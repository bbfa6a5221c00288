import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { z } from 'zod'
import { endpoint } from '../../src/contract/endpoint.ts'
import { InTenant } from '../../src/contract/names.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS } from '../../src/core/permissions.ts'
import { notFound } from '../../src/core/failure.ts'
import { mountStream } from '../../src/http/mount.ts'
import type { App } from '../../src/http/shell.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

/** A stream of this test's own, so that what `mountStream` does is seen alone. */
const ticks = endpoint({
  id: 'clocks.ticks',
  method: 'get',
  path: '/v1/tenants/{tenant}/ticks',
  summary: 'Hear the clock',
  permission: 'containers:read',
  params: InTenant,
  kind: 'stream',
  status: 200,
  response: z.object({ tick: z.int() }),
  failures: ['not-found'],
})

type Ticks = (signal: AbortSignal) => AsyncIterable<{ tick: number }>

const clockOf = (source: Ticks) => (app: App) =>
  mountStream(app, ticks, {
    serve: (_input, { signal }) => source(signal),
    text: ({ tick }) => `tick ${tick}`,
  })

async function* three() {
  // A column that the contract does not name.
  for (const tick of [1, 2, 3]) yield { tick, secret: 'x' }
}

/** Ticks until it is told to stop. */
async function* forever(signal: AbortSignal) {
  yield { tick: 1 }
  if (!signal.aborted) await once(signal, 'abort')
}

const FORMS = {
  'application/x-ndjson': '{"tick":1}\n{"tick":2}\n{"tick":3}\n',
  'text/event-stream': 'data: {"tick":1}\n\ndata: {"tick":2}\n\ndata: {"tick":3}\n\n',
  'text/plain': 'tick 1\ntick 2\ntick 3\n',
  '*/*': 'tick 1\ntick 2\ntick 3\n',
  'image/png, Application/X-NDJSON;q=0.5': '{"tick":1}\n{"tick":2}\n{"tick":3}\n',
}

test('a stream comes as lines of JSON, as events or as text, as the client accepts it', async () => {
  await using world = await apiWorld([clockOf(three)])
  const { apiKey: token } = await world.tenant('aa')
  for (const [accept, expected] of Object.entries(FORMS)) {
    const answer = await world.call('GET /v1/tenants/aa/ticks', { token, headers: { accept } })
    assert.equal(await answer.text(), expected, accept)
  }
})

// oxlint-disable-next-line require-yield -- it fails before it could
async function* missing(): AsyncGenerator<never> {
  throw notFound('clock', 'c')
}

test('a failure before the first item is a problem with its own status', async () => {
  await using world = await apiWorld([clockOf(missing)])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('GET /v1/tenants/aa/ticks', { token })
  assert.equal(answer.status, 404)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
})

async function* breaking() {
  yield { tick: 1 }
  throw notFound('clock', 'c')
}

test('a failure later ends the stream with a record, or cuts it where text has no place for one', async () => {
  await using world = await apiWorld([clockOf(breaking)])
  const { apiKey: token } = await world.tenant('aa')
  const read = async (accept: string) => {
    const answer = await world.call('GET /v1/tenants/aa/ticks', { token, headers: { accept } })
    assert.equal(answer.status, 200)
    return answer.text()
  }
  const [, line = ''] = (await read('application/x-ndjson')).split('\n')
  const Recorded = z.object({ error: z.looseObject({ type: z.string() }) })
  assert.equal(Recorded.parse(JSON.parse(line)).error.type, '/problems/not-found')
  assert.match(await read('text/event-stream'), /\n\nevent: error\ndata: \{.*\/problems\/not-found/)
  await assert.rejects(read('text/plain'))
})

test('a stream asks for the next item only when the reader has taken the one before', async () => {
  let made = 0
  async function* counting() {
    for (;;) yield { tick: ++made }
  }
  await using world = await apiWorld([clockOf(counting)])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('GET /v1/tenants/aa/ticks', { token })
  const reader = answer.body?.getReader()
  for (let read = 0; read < 5; read++) await reader?.read()
  assert.ok(made <= 7, `${made} items were made for 5 that were read`)
  await reader?.cancel()
})

test('the source hears when the reader goes away', async () => {
  const ended = Promise.withResolvers<string>()
  async function* watched() {
    try {
      for (let tick = 0; ; tick++) yield { tick }
    } finally {
      ended.resolve('ended')
    }
  }
  await using world = await apiWorld([clockOf(watched)])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('GET /v1/tenants/aa/ticks', { token })
  await answer.body?.cancel()
  assert.equal(await ended.promise, 'ended')
})

test('a revoked key’s open streams end within a second and say why', async () => {
  await using world = await apiWorld([clockOf(forever)])
  const key = await world.tenant('aa')
  const headers = { accept: 'application/x-ndjson' }
  const answer = await world.call('GET /v1/tenants/aa/ticks', { token: key.apiKey, headers })
  const text = answer.text()
  const begun = performance.now()
  const caller = { permissions: [] }
  await world.keys.revoke({ tenant: 'aa', actor: PLATFORM, caller }, key.id)
  assert.match(await text, /^\{"tick":1\}\n\{"error":\{"hint":"its key was revoked".*\}\n$/)
  assert.ok(performance.now() - begun < 1000)
})

test('streams end when their key is rotated, expires, or loses its tenant', async () => {
  const ends = {
    rotated: (world: ApiWorld, id: string) =>
      world.call(`POST /v1/tenants/aa/keys/${id}/rotate`, { token: world.admin.apiKey }),
    expired: (world: ApiWorld) => {
      world.advance(61_000)
      world.keys.endExpired()
    },
    deleted: (world: ApiWorld) =>
      world.call('DELETE /v1/tenants/aa', { token: world.admin.apiKey }),
  }
  for (const [how, end] of Object.entries(ends)) {
    await using world = await apiWorld([clockOf(forever)])
    await world.tenant('aa')
    const caller = { permissions: ALL_PERMISSIONS }
    const key = await world.keys.create(
      { tenant: 'aa', actor: PLATFORM, caller },
      { description: '', role: 'member', expiresInSeconds: 60 },
    )
    const headers = { accept: 'application/x-ndjson' }
    const answer = await world.call('GET /v1/tenants/aa/ticks', { token: key.apiKey, headers })
    const text = answer.text()
    await end(world, key.id)
    assert.match(await text, new RegExp(`"hint":"its (key|tenant) (was|has) ${how}`), how)
  }
})

test('streams are cut when the server stops', async () => {
  await using world = await apiWorld([clockOf(forever)])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('GET /v1/tenants/aa/ticks', { token })
  const text = answer.text()
  world.stopping.abort(new Error('stopping'))
  await assert.rejects(text)
})

test('a HEAD of a stream begins nothing', async () => {
  let begun = 0
  async function* counted() {
    yield { tick: ++begun }
  }
  await using world = await apiWorld([clockOf(counted)])
  const { apiKey: token } = await world.tenant('aa')
  const answer = await world.call('HEAD /v1/tenants/aa/ticks', { token })
  assert.equal(answer.status, 200)
  assert.equal(begun, 0)
})
