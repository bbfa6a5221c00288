import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import { z } from 'zod'
import { Session } from '../../src/contract/sessions.ts'
import type { Line } from '../support/api-world.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

const Sessions = z.object({ items: z.array(Session) })
const SOON_MS = 1000

async function listening(world: CloudWorld) {
  const server = createAdaptorServer({ fetch: world.app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // An address of a TCP socket is always of this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A container that runs, and somebody who follows its log over a socket. */
async function followed(world: CloudWorld, url: string, token: string) {
  const path = `${url}/v1/tenants/aa/containers/web/logs?follow=true`
  const headers = { authorization: `Bearer ${token}`, accept: 'application/x-ndjson' }
  const answer = await fetch(path, { headers })
  assert.equal(answer.status, 200)
  return { text: answer.text() }
}

async function withLog() {
  const world = await cloudWorld()
  await world.addTenant('aa')
  const body = { name: 'web', image: 'cloudlet/base' }
  await world.call('POST /v1/tenants/aa/containers', { token: world.admin.apiKey, body })
  await world.quiet()
  return world
}

async function listed(world: CloudWorld, line: Line = 'GET /v1/tenants/aa/sessions') {
  const answer = await world.call(line, { token: world.admin.apiKey })
  assert.equal(answer.status, 200)
  return Sessions.parse(await answer.json()).items
}

test('a followed log over a real socket ends within a second of the revocation of its key', async () => {
  await using world = await withLog()
  await using server = await listening(world)
  const key = await world.keyOf('aa', { role: 'read' })
  const { text } = await followed(world, server.url, key.apiKey)
  const begun = performance.now()
  const line: Line = `DELETE /v1/tenants/aa/keys/${key.id}`
  assert.equal((await world.call(line, { token: world.admin.apiKey })).status, 200)
  assert.match(await text, /\{"error":\{"hint":"its key was revoked".*invalid-token.*\}\n$/)
  const took = performance.now() - begun
  assert.ok(took < SOON_MS, `it took ${took} ms`)
  assert.deepEqual(await listed(world), [])
})

test('open streams are listed with whose they are, and ended one by one', async () => {
  await using world = await withLog()
  await using server = await listening(world)
  const key = await world.keyOf('aa', { role: 'read' })
  const [first, second] = [
    await followed(world, server.url, key.apiKey),
    await followed(world, server.url, world.admin.apiKey),
  ]
  const [one, other] = await listed(world)
  assert.ok(one && other)
  assert.deepEqual(one, {
    id: one.id,
    kind: 'stream',
    actor: `key:${key.id}`,
    action: 'containers.logs',
    tenant: 'aa',
    since: world.time.now().toISOString(),
    address: '127.0.0.1',
  })
  assert.equal(other.actor, `key:${world.admin.id}`)
  assert.deepEqual(await listed(world, 'GET /v1/sessions'), [one, other])

  const token = world.admin.apiKey
  const ended = await world.call(`DELETE /v1/tenants/aa/sessions/${one.id}`, { token })
  assert.deepEqual(Session.parse(await ended.json()), one)
  assert.match(await first.text, /its session was ended/)
  assert.deepEqual(await listed(world), [other])
  const { items } = await world.all.audit.list({ limit: 1 })
  assert.equal(items[0]?.target, `session/${one.id} of key:${key.id}`)
  assert.equal((await world.call(`DELETE /v1/sessions/${other.id}`, { token })).status, 200)
  assert.match(await second.text, /its session was ended/)
  // The key itself is as good as before.
  assert.equal((await world.call('GET /v1/whoami', { token: key.apiKey })).status, 200)
})

test('a session of another tenant is neither shown nor ended', async () => {
  await using world = await withLog()
  await using server = await listening(world)
  await world.addTenant('bb')
  const key = await world.keyOf('aa', { role: 'read' })
  const { text } = await followed(world, server.url, key.apiKey)
  const [one] = await listed(world)
  const { apiKey: token } = await world.keyOf('bb', { role: 'admin' })
  assert.deepEqual(await listed(world, 'GET /v1/tenants/bb/sessions'), [])
  for (const [line, status] of [
    [`DELETE /v1/tenants/bb/sessions/${one?.id}`, 404],
    [`DELETE /v1/tenants/aa/sessions/${one?.id}`, 404],
    [`DELETE /v1/sessions/${one?.id}`, 403],
  ] as const) {
    assert.equal((await world.call(line, { token })).status, status, line)
  }
  assert.equal((await listed(world)).length, 1)
  await world.all.keys.revoke(
    { tenant: 'aa', actor: world.actor, caller: { permissions: [] } },
    key.id,
  )
  await text
})
