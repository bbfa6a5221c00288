import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createContainer, listContainers } from '../../src/contract/containers.ts'
import { tenantKeys } from '../../src/contract/keys.ts'
import { createTenant } from '../../src/contract/tenants.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { schemathesis } from '../support/schemathesis.ts'

/**
 * The API against its own document, with property-based tests of others: no answer of the kind 5xx,
 * none that the document does not describe, nothing accepted that it forbids.
 */

const NO_LIMIT = '100000/100000'
/** Of one run, for all that is tried; a machine under load gets less far. */
const SECONDS = 45
const LEAST_CASES = 100

async function keyOfNew(platform: Platform, tenant: string): Promise<string> {
  await platform.api.call(createTenant, { body: { slug: tenant } })
  const asked = { params: { tenant }, body: { role: 'admin' } } as const
  return (await platform.api.call(tenantKeys.create, asked)).apiKey
}

test(
  'the API does what its document says, for a tenant at home and in another one’s house',
  { timeout: 300_000 },
  async () => {
    const platform = await startPlatform({
      CLOUDLET_DEMO: '0',
      CLOUDLET_RATE_KEY: NO_LIMIT,
      CLOUDLET_RATE_TENANT: NO_LIMIT,
      CLOUDLET_RATE_LOOPBACK: NO_LIMIT,
    })
    try {
      const { endpoint, api } = platform
      const [home, stranger] = [await keyOfNew(platform, 'home'), await keyOfNew(platform, 'other')]
      const body = { name: 'web', image: 'cloudlet/base', start: false }
      await api.call(createContainer, { params: { tenant: 'home' }, body, query: { wait: 60 } })

      const common = { endpoint, tenant: 'home', seconds: SECONDS }
      const [own, foreign] = await Promise.all([
        schemathesis({ ...common, token: home, phases: 'examples,coverage', within: '/' }),
        schemathesis({ ...common, token: stranger, phases: 'coverage', within: '/tenants/home' }),
      ])
      for (const { cases, said } of [own, foreign]) assert.ok(cases > LEAST_CASES, said)

      const { items } = await platform
        .clientWith(stranger)
        .call(listContainers, { params: { tenant: 'other' } })
      assert.deepEqual(items, [])
    } finally {
      await platform.remove()
    }
  },
)
