import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createRoute, deleteRoute, updateRoute } from '../../src/contract/routes.ts'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** Two apps behind one host, from the API to their containers. */

const HOST = 'shop.acme.cloud.local'
const PROGRAM = `require('node:http')
  .createServer((request, answer) => answer.end(process.env.WHO + ' ' + request.url))
  .listen(8080)`
const ROUNDS = 60

let platform: Platform
let acme: Tenant
const params = { tenant: 'acme' }

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
  for (const name of ['one', 'two']) {
    // oxlint-disable-next-line no-await-in-loop -- the machine is small
    await acme.run({
      name,
      image: DEMO_IMAGE,
      command: ['node', '-e', PROGRAM],
      env: { WHO: name },
      healthCheck: { type: 'tcp', intervalSeconds: 1 },
    })
  }
})

after(async () => {
  await platform?.remove()
})

const asked = (path: string) => page(platform.ingress, { host: HOST, path })

/** How often each of them has answered. */
async function shares(path: string): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = { one: 0, two: 0 }
  for (let i = 0; i < ROUNDS; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one after another, so that none is chosen for being idle
    const { status, body } = await asked(path)
    assert.equal(status, 200, body)
    const who = body.split(' ')[0] ?? ''
    counts[who] = (counts[who] ?? 0) + 1
  }
  return counts
}

test('two apps answer under one host, by path and by weight', async () => {
  assert.equal((await asked('/')).status, 404)
  const body = { name: 'shop', hosts: [HOST], targets: [{ app: 'one' }] }
  await acme.api.call(createRoute, { params, body })
  await until('the first route is served', async () => (await asked('/')).body === 'one /')
  const api = { ...body, name: 'api', match: { pathPrefix: '/api' }, targets: [{ app: 'two' }] }
  await acme.api.call(createRoute, { params, body: api })
  await until('the second one is', async () => (await asked('/api/x')).body === 'two /api/x')
  assert.equal((await asked('/apix')).body, 'one /apix')

  const targets = [
    { app: 'one', weight: 75 },
    { app: 'two', weight: 25 },
  ]
  await acme.api.call(updateRoute, { params: { ...params, route: 'shop' }, body: { targets } })
  await until('the other app answers too', async () => (await asked('/')).body === 'two /')
  const { one = 0, two = 0 } = await shares('/')
  assert.ok(one > two && two > 0, `${one} and ${two} of ${ROUNDS}`)
  assert.deepEqual(await shares('/api'), { one: 0, two: ROUNDS })

  for (const route of ['shop', 'api']) {
    // oxlint-disable-next-line no-await-in-loop -- one after another
    await acme.api.call(deleteRoute, { params: { ...params, route } })
  }
  await until('the host is free again', async () => (await asked('/')).status === 404)
})

test("another tenant has no route on a host of this one's", async () => {
  const zeta = await newTenant(platform, 'zeta')
  const body = { name: 'theft', hosts: [HOST], targets: [{ app: 'one' }] }
  const theft = zeta.api.call(createRoute, { params: { tenant: 'zeta' }, body })
  await assert.rejects(theft, /is not yours/)
})
