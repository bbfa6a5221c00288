import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { settled } from '../../src/client/operation.ts'
import { startContainer } from '../../src/contract/containers.ts'
import { whoami } from '../../src/contract/keys.ts'
import { findOperation, listAllOperations } from '../../src/contract/operations.ts'
import { deleteTenant, resumeTenant, suspendTenant } from '../../src/contract/tenant-life.ts'
import { page } from '../support/ingress-client.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { BASE, DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'
import { askUdp } from '../proxy/dns/client.ts'

/** A tenant's life on the real engine: suspended, resumed, deleted with all that it has. */

const A = 1
const HOST = 'web.acme.cloud.local'
const ACME = { tenant: 'acme' }
let platform: Platform
let acme: Tenant
let other: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
  other = await newTenant(platform, 'other')
  for (const tenant of [acme, other]) await tenant.run({ name: 'web', image: DEMO_IMAGE })
  await acme.run({ name: 'worker', image: BASE, command: ['sleep', '600'] })
})

after(async () => {
  await platform?.remove()
})

const visit = (host: string) => page(platform.ingress, { host })
const addresses = async (name: string): Promise<readonly string[]> =>
  (await askUdp(platform.dns, { name, type: A }, '127.0.0.1')).answers

const objectsOfTenant = async (slug: string) => {
  const { containers, networks } = await objectsOf(platform.instance)
  const mine = ({ Labels }: { readonly Labels?: Record<string, string> | undefined }): boolean =>
    Labels?.['cloudlet.tenant'] === slug
  return { containers: containers.filter(mine), networks: networks.filter(mine) }
}

test('a suspended tenant is a page that says so, has no addresses, and runs nothing', async () => {
  await until('the app answers', async () => (await visit(HOST)).status === 200)
  const { operation } = await platform.api.call(suspendTenant, {
    params: ACME,
    query: { wait: 60 },
    body: { reason: 'unpaid' },
  })
  assert.equal(operation.state, 'succeeded')
  const { status, headers, body } = await visit(HOST)
  assert.deepEqual([status, headers['x-cloudlet-error']], [503, 'suspended'])
  assert.match(body, /its tenant is suspended/)
  assert.deepEqual(await addresses('web.acme.internal'), [])
  const { containers } = await objectsOfTenant('acme')
  assert.deepEqual(
    containers.map(({ State }) => State),
    ['exited', 'exited'],
  )
  await assert.rejects(
    acme.api.call(startContainer, { params: { ...ACME, container: 'web' } }),
    (error: unknown) => error instanceof ApiError && error.code === 'tenant-suspended',
  )
  // The others notice nothing.
  assert.equal((await visit('web.other.cloud.local')).status, 200)
})

test('a resumed tenant answers again, under its old address', async () => {
  const kept = (await acme.show('web')).addresses
  const { operation } = await platform.api.call(resumeTenant, {
    params: ACME,
    query: { wait: 60 },
  })
  assert.equal(operation.state, 'succeeded')
  await until('the app answers', async () => (await visit(HOST)).status === 200)
  assert.deepEqual((await acme.show('web')).addresses, kept)
  assert.equal((await acme.show('worker')).state, 'running')
})

test('a deletion that a killed control plane has begun comes to its end, and nothing is left', async () => {
  await assert.rejects(
    platform.api.call(deleteTenant, { params: ACME }),
    (error: unknown) => error instanceof ApiError && error.status === 409,
  )
  const { operation } = await platform.api.call(deleteTenant, {
    params: ACME,
    query: { cascade: 'true' },
  })
  assert.ok(operation)
  process.kill(platform.pid('control-plane'), 'SIGKILL')
  const ended = await settled(platform.api, {
    tenant: null,
    id: operation.id,
    now: () => performance.now(),
    signal: AbortSignal.timeout(90_000),
  })
  assert.equal(ended.state, 'succeeded')
  assert.deepEqual(await objectsOfTenant('acme'), { containers: [], networks: [] })
  assert.equal((await visit(HOST)).status, 404)
  await assert.rejects(
    acme.api.call(whoami, {}),
    (error: unknown) => error instanceof ApiError && error.status === 401,
  )
  assert.equal((await visit('web.other.cloud.local')).status, 200)
})

test('what was done is read by the platform when the tenant is gone', async () => {
  const { items } = await platform.api.call(listAllOperations, { query: { slug: 'acme' } })
  const kinds = items.map(({ kind }) => kind)
  for (const kind of ['tenants.suspend', 'tenants.resume', 'tenants.delete']) {
    assert.ok(kinds.includes(kind), kind)
  }
  const { id = '' } = items.find(({ kind }) => kind === 'tenants.delete') ?? {}
  const found = await platform.api.call(findOperation, { params: { operation: id } })
  assert.deepEqual([found.state, found.target.name], ['succeeded', 'acme'])
})
