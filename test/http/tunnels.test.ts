import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { readTicket } from '../../proxy/core/tunnel-ticket.ts'
import type { OpenTunnel } from '../../proxy/link.ts'
import type { Session } from '../../src/contract/sessions.ts'
import { TunnelTicket } from '../../src/contract/tunnels.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

async function withContainer(start = true): Promise<CloudWorld> {
  const world = await cloudWorld()
  for (const slug of ['aa', 'bb']) await world.addTenant(slug)
  const body = { name: 'web', image: 'cloudlet/base', start }
  await world.call('POST /v1/tenants/aa/containers', { token: world.admin.apiKey, body })
  await world.quiet()
  return world
}

const PATH = '/v1/tenants/aa/containers/web/tunnels'
const ask = (world: CloudWorld, token: string, body: object = { port: 5432 }) =>
  world.call(`POST ${PATH}`, { token, body })

async function ticketOf(world: CloudWorld, token: string): Promise<TunnelTicket> {
  const answer = await ask(world, token)
  assert.equal(answer.status, 201)
  return TunnelTicket.parse(await answer.json())
}

test('a ticket names the container, its address and the key, and the edge can check it', async () => {
  await using world = await withContainer()
  const key = await world.keyOf('aa', { role: 'member' })
  const given = await ticketOf(world, key.apiKey)
  const read = readTicket(given.ticket)
  assert.ok(read)
  const [member] = world.edge.tables.at(-1)?.members ?? []
  const { claims, signed, signature } = read
  assert.deepEqual(claims, {
    id: given.id,
    credential: key.id,
    version: 1,
    actor: `key:${key.id}`,
    tenant: 'aa',
    container: member?.id,
    address: member?.address,
    port: 5432,
    protocol: 'tcp',
    expiresAt: world.time.now().getTime() + 30_000,
    keyEndsAt: null,
  })
  assert.deepEqual(
    [given.host, given.ingress, given.container],
    ['_tunnel.cloud.local', '127.0.0.1:8080', member?.id],
  )
  const x = world.edge.tables.at(-1)?.tunnelKey ?? ''
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  assert.equal(verify(null, Buffer.from(signed), publicKey, signature), true)
})

test('a ticket ends with the key that it was given to', async () => {
  await using world = await withContainer()
  const key = await world.keyOf('aa', { role: 'member', expiresInSeconds: 600 })
  const read = readTicket((await ticketOf(world, key.apiKey)).ticket)
  assert.equal(read?.claims.keyEndsAt, Date.parse(key.expiresAt ?? ''))
})

test('the key that signs tickets is the same in every life of the control plane', async () => {
  await using world = await withContainer()
  const keys = [1, 2].map(() => world.outside.keyRing.signer('tunnel tickets').publicKey)
  assert.deepEqual(new Set(keys), new Set([world.edge.tables.at(-1)?.tunnelKey]))
  assert.notEqual(world.outside.keyRing.signer('something else').publicKey, keys[0])
})

test('who asks is in the audit log, with container and port', async () => {
  await using world = await withContainer()
  const key = await world.keyOf('aa', { role: 'member' })
  await ticketOf(world, key.apiKey)
  const { items } = await world.all.audit.listOfTenant('aa', {
    limit: 10,
    action: 'tunnels.create',
  })
  assert.deepEqual(
    items.map(({ actor, target, result }) => ({ actor, target, result })),
    [{ actor: `key:${key.id}`, target: 'container/web port 5432/tcp', result: 'accepted' }],
  )
})

test('no ticket for a container of another tenant, one that does not run, or a port that is none', async () => {
  await using world = await withContainer(false)
  const [own, foreign, reader] = [
    await world.keyOf('aa', { role: 'member' }),
    await world.keyOf('bb', { role: 'admin' }),
    await world.keyOf('aa', { role: 'read' }),
  ]
  assert.equal((await ask(world, own.apiKey)).status, 409)
  assert.equal((await ask(world, foreign.apiKey)).status, 404)
  assert.equal((await ask(world, reader.apiKey)).status, 403)
  const at = 'POST /v1/tenants/bb/containers/web/tunnels'
  assert.equal((await world.call(at, { token: foreign.apiKey, body: { port: 1 } })).status, 404)
  for (const body of [{}, { port: 0 }, { port: 65_536 }, { port: 1, protocol: 'icmp' }]) {
    assert.equal((await ask(world, own.apiKey, body)).status, 422)
  }
})

test('no ticket for a suspended tenant', async () => {
  await using world = await withContainer()
  const body = { reason: 'unpaid' }
  await world.call('POST /v1/tenants/aa/suspend', { token: world.admin.apiKey, body })
  const answer = await ask(world, world.admin.apiKey)
  assert.equal(answer.status, 403)
  assert.match(await answer.text(), /suspended \(unpaid\)/)
})

const opened = (id: string, credential: string): OpenTunnel => ({
  id,
  credential,
  version: 1,
  actor: `key:${credential}`,
  tenant: 'aa',
  container: 'c'.repeat(16),
  port: 5432,
  protocol: 'tcp',
  from: '192.0.2.7',
  since: 0,
})
const ID = 'x'.repeat(16)

test('a tunnel is cut when its key is revoked, and those of other keys go on', async () => {
  await using world = await withContainer()
  const [key, other] = [await world.keyOf('aa', {}), await world.keyOf('aa', {})]
  world.tunnels.open(opened('one', key.id))
  world.tunnels.open(opened('two', other.id))
  world.tunnels.open(opened('three', key.id))
  world.tunnels.close('three')
  await world.call(`DELETE /v1/tenants/aa/keys/${key.id}`, { token: world.admin.apiKey })
  assert.deepEqual(world.tunnels.cuts, [{ id: 'one', reason: 'its key has ended' }])
})

test('a tunnel whose key ended while the control plane was away is cut when it is back', async () => {
  await using world = await withContainer()
  const key = await world.keyOf('aa', {})
  world.tunnels.open(opened('one', key.id))
  world.tunnels.open(opened('old', 'ckzzzzzzzzzzzzzzzz'))
  assert.deepEqual(
    world.tunnels.cuts.map(({ id }) => id),
    ['old'],
  )
  const next = await world.reborn()
  next.openTunnels.watch()
  assert.equal(world.tunnels.cuts.length, 1)
  await world.call(`DELETE /v1/tenants/aa/keys/${key.id}`, { token: world.admin.apiKey })
  const after = await world.reborn()
  world.tunnels.open(opened('late', key.id))
  after.openTunnels.watch()
  assert.ok(world.tunnels.cuts.some(({ id }) => id === 'late'))
})

test('open tunnels are among the sessions of their tenant, and are ended as one', async () => {
  await using world = await withContainer()
  const key = await world.keyOf('aa', {})
  world.tunnels.open(opened(ID, key.id))
  const session: Session = {
    id: ID,
    kind: 'tunnel',
    actor: `key:${key.id}`,
    action: 'tunnels.create',
    tenant: 'aa',
    since: new Date(0).toISOString(),
    address: '192.0.2.7',
  }
  const list = async (slug: string): Promise<unknown> =>
    (await world.call(`GET /v1/tenants/${slug}/sessions`, { token: world.admin.apiKey })).json()
  assert.deepEqual(await list('aa'), { items: [session] })
  assert.deepEqual(await list('bb'), { items: [] })
  const end = (slug: string) =>
    world.call(`DELETE /v1/tenants/${slug}/sessions/${ID}`, { token: world.admin.apiKey })
  assert.equal((await end('bb')).status, 404)
  assert.equal((await end('aa')).status, 200)
  assert.deepEqual(world.tunnels.cuts, [{ id: ID, reason: 'its session was ended' }])
})
