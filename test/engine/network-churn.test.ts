import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { createNetwork, deleteNetwork, listNetworks } from '../../src/contract/networks.ts'
import { getUsage } from '../../src/contract/usage.ts'
import { groupPrefix } from '../../src/core/docker-names.ts'
import { tableName } from '../../src/core/firewall.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * Networks come and go, with containers in them, and leave nothing. `CLOUDLET_TEST_LONG=1` is the long form: a
 * hundred networks of twenty tenants, three times over.
 */
const IS_LONG = process.env['CLOUDLET_TEST_LONG'] === '1'
const {
  tenants: TENANTS,
  each: EACH,
  rounds: ROUNDS,
} = IS_LONG ? { tenants: 20, each: 5, rounds: 3 } : { tenants: 5, each: 4, rounds: 1 }
const AT_ONCE = 5
const GONE_MS = 60_000
const timeout = IS_LONG ? 30 * 60_000 : 120_000

const names = Array.from({ length: EACH }, (_, i) => `net-${i}`)

/** Each network has two containers in it, and each container is in two networks. */
async function used(tenant: Tenant): Promise<string[]> {
  const { api, slug } = tenant
  const ranges: string[] = []
  for (const name of names) {
    const made = await api.call(createNetwork, { params: { tenant: slug }, body: { name } })
    ranges.push(made.cidr)
  }
  for (const [i, name] of names.entries()) {
    const networks = [{ name }, { name: names[(i + 1) % EACH] ?? name }]
    const size = { memoryBytes: 16 * 1024 ** 2, cpuMilli: 50 }
    await tenant.run({ name: `c-${i}`, image: BASE, command: ['sleep', '600'], networks, ...size })
  }
  for (const i of names.keys()) await tenant.remove(`c-${i}`)
  for (const network of names) {
    await api.call(deleteNetwork, { params: { tenant: slug, network } })
  }
  return ranges
}

/** A few tenants at a time. */
async function allUsed(tenants: readonly Tenant[]): Promise<string[]> {
  const waiting = [...tenants]
  const ranges: string[] = []
  async function lane(): Promise<void> {
    for (let one = waiting.pop(); one; one = waiting.pop()) ranges.push(...(await used(one)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return ranges
}

/** Interfaces that carry the instance's mark, or are put into one that does. */
function links({ instance }: Platform): string[] {
  const all = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).split('\n')
  return all.filter((line) => line.includes(groupPrefix(instance)))
}

/** Elements of the sets that name networks and their members. */
function elements({ instance }: Platform): string[] {
  return ['members', 'linked', 'egress_open'].flatMap((set) => {
    const words = ['list', 'set', 'inet', tableName(instance), set]
    const text = execFileSync('nft', words, { encoding: 'utf8' })
    return /elements = \{([^}]*)\}/.exec(text)?.[1]?.trim() ?? []
  })
}

test(
  'networks that come and go leave no bridge, no cable, no rule and no address',
  { timeout },
  async () => {
    const platform = await startPlatform({
      CLOUDLET_DEMO: '0',
      CLOUDLET_ADDRESS_POOL: '10.192.0.0/14',
    })
    try {
      const tenants: Tenant[] = []
      for (let i = 0; i < TENANTS; i++) tenants.push(await newTenant(platform, `t-${i}`))
      for (let round = 0; round < ROUNDS; round++) {
        const ranges = await allUsed(tenants)
        assert.equal(new Set(ranges).size, TENANTS * EACH, 'no two had the same, freed ones rest')
        await until(
          'the engine has nothing left',
          async () => (await objectsOf(platform.instance)).networks.length === 0,
          GONE_MS,
        )
        await until('all is given back', async () => (await reserved(tenants)) === 0, GONE_MS)
        await until(
          'the packet filter knows nobody',
          () => elements(platform).length === 0,
          GONE_MS,
        )
        assert.deepEqual(links(platform), [])
        for (const { api, slug } of tenants) {
          const { items } = await api.call(listNetworks, { params: { tenant: slug } })
          assert.deepEqual(items, [])
        }
      }
    } finally {
      await platform.remove()
    }
  },
)

async function reserved(tenants: readonly Tenant[]): Promise<number> {
  let all = 0
  for (const { api, slug } of tenants) {
    const { networks, addresses } = await api.call(getUsage, { params: { tenant: slug } })
    all += networks.reserved + addresses.reserved
  }
  return all
}
