import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { getContainer } from '../../src/contract/containers.ts'
import { getPlatform } from '../../src/contract/platform.ts'
import { createTenant } from '../../src/contract/tenants.ts'
import { getUsage } from '../../src/contract/usage.ts'
import { page } from '../support/ingress-client.ts'
import { platformHouse } from '../support/platform-house.ts'
import { startPlatform, type Platform } from '../support/platform.ts'

/** The platform without walls, for trying it out: it works, and says everywhere what it is not. */

/** Nobody's: any number will do for who is not root. */
const UID = '65000'

let platform: Platform

before(async () => {
  platform = await startPlatform({ CLOUDLET_UNISOLATED: '1', CLOUDLET_TEST_UID: UID })
})

after(() => platform?.remove())

test('a platform without isolation serves its demo', async () => {
  const asked = { host: 'hello.demo.localhost', path: '/healthz' }
  assert.equal((await page(platform.ingress, asked)).status, 200)
})

test('a platform without isolation says so at the start, in the API and for each container', async () => {
  assert.match(platform.output(), /isolated: false, enforced: false/)
  const { isolated, enforced, resolver } = await platform.api.call(getPlatform, {})
  assert.deepEqual(
    { isolated, enforced, resolver },
    { isolated: false, enforced: false, resolver: '' },
  )
  const demo = { tenant: 'demo', container: 'hello' }
  assert.equal((await platform.api.call(getContainer, { params: demo })).isolated, false)
  const usage = await platform.api.call(getUsage, { params: { tenant: 'demo' } })
  assert.equal(usage.enforced, false)
})

test('a platform without isolation has one tenant, and says why', async () => {
  const second = platform.api.call(createTenant, { body: { slug: 'second' } })
  await assert.rejects(second, (error) => {
    assert.ok(error instanceof ApiError)
    assert.equal(error.code, 'state-conflict')
    assert.match(error.message, /without isolation there is one tenant/)
    return true
  })
})

test('root is told to start with isolation', async () => {
  const house = platformHouse({ CLOUDLET_UNISOLATED: '1' })
  try {
    assert.equal(await house.begin(), false)
    assert.match(house.output(), /CLOUDLET_UNISOLATED is for users who are not root/)
  } finally {
    await house.sweep()
  }
})
