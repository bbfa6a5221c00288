import assert from 'node:assert/strict'
import { test } from 'node:test'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { cloudWorld } from '../support/cloud-world.ts'
import { until } from '../support/wait.ts'

test("the API's host is certified by the public authority, and the workers are told", async () => {
  const host = 'api.example.com'
  const directory = 'https://authority/directory'
  const env = { CLOUDLET_API_HOST: host, CLOUDLET_ACME_DIRECTORY: directory }
  await using world = await cloudWorld(env)
  const shown = () => world.secured.at(-1)?.certificates.filter(({ names }) => names[0] === host)
  await until('both are told, the public one last', () => shown()?.length === 2)
  assert.equal(shown()?.[1]?.chain, `${host} by https://authority/order/1`)
  const { items } = await world.all.events.list({ limit: 10, action: 'certificate.' })
  assert.deepEqual(
    items.map(({ action, tenant, target }) => [action, tenant, target.name]),
    [['certificate.issued', null, host]],
  )
})

test("a tenant's own domain in a route is certified, and the tenant hears of it", async () => {
  const host = 'shop.example.org'
  await using world = await cloudWorld({ CLOUDLET_ACME_DIRECTORY: 'https://authority/directory' })
  const { id: tenantId } = await world.addTenant('aa')
  const claimed = { id: 'd000000000000000', tenantId, name: host, subdomains: 0, token: 't' }
  const proof = { proof: 'dns', provedAt: 1, expiresAt: null, createdAt: 1 } as const
  await world.store.write((q) => q.domains.insert({ ...claimed, ...proof }))
  const token = world.admin.apiKey
  const body = { name: 'shop', hosts: [host], targets: [{ app: 'web' }] }
  const made = await world.call('POST /v1/tenants/aa/routes', { token, body })
  assert.equal(made.status, 201, await made.text())
  const shown = () => world.secured.at(-1)?.certificates.filter(({ names }) => names[0] === host)
  await until('both are told, the public one last', () => shown()?.length === 2)
  assert.match(shown()?.[1]?.chain ?? '', /^shop\.example\.org by https:/)
  const { items } = await world.all.events.listOfTenant('aa', { limit: 10, action: 'certificate.' })
  assert.deepEqual(
    items.map(({ action, target }) => [action, target.name]),
    [['certificate.issued', host]],
  )
  await world.call('DELETE /v1/tenants/aa/routes/shop', { token })
  await until('it is served no more', () => shown()?.length === 0)
})

test('a certificate that is put by the API reaches the workers, and no answer has its key', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  const token = world.admin.apiKey
  const authority = x509Authority()
  const at = world.time.now().getTime()
  const signer = await authority.create('Some authority', at)
  const [made] = await authority.issue(signer, [['*.aa.cloud.local']], at)
  assert.ok(made)
  const { chain, key } = made
  const path = '/v1/tenants/aa/certificates'
  const put = await world.call(`PUT ${path}/shop`, { token, body: { chain, key } })
  const text = await put.text()
  assert.equal(put.status, 200, text)
  assert.ok(!text.includes('PRIVATE'))
  const isTold = () => world.secured.at(-1)?.certificates.some((one) => one.chain === chain)
  await until('the workers are told', () => isTold() === true)
  const list = await (await world.call(`GET ${path}`, { token })).text()
  assert.match(list, /"name":"shop"/)
  assert.ok(!list.includes('PRIVATE'))
  const wrong = { chain, key: signer.key }
  assert.equal((await world.call(`PUT ${path}/other`, { token, body: wrong })).status, 422)
  assert.equal((await world.call(`DELETE ${path}/shop`, { token })).status, 200)
  await until('the workers are told again', () => isTold() === false)
})

test('the certificates of a tenant that is deleted go with it', async () => {
  await using world = await cloudWorld()
  await world.addTenant('aa')
  const token = world.admin.apiKey
  const authority = x509Authority()
  const at = world.time.now().getTime()
  const signer = await authority.create('Some authority', at)
  const [made] = await authority.issue(signer, [['*.aa.cloud.local']], at)
  assert.ok(made)
  const body = { chain: made.chain, key: made.key }
  const put = await world.call('PUT /v1/tenants/aa/certificates/shop', { token, body })
  assert.equal(put.status, 200)
  const shown = await world.call('DELETE /v1/tenants/aa?dryRun=true', { token })
  assert.match(await shown.text(), /"kind":"certificates","count":1,"names":\["shop"\]/)
  await world.call('DELETE /v1/tenants/aa?cascade=true', { token })
  const rows = () => world.store.read.tenantCertificates.all()
  await until('nothing of it is kept', async () => (await rows()).length === 0)
  const isTold = () => world.secured.at(-1)?.certificates.some(({ chain }) => chain === made.chain)
  await until('the workers are told', () => isTold() === false)
})
