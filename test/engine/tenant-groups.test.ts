import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { deleteTenant } from '../../src/contract/tenant-life.ts'
import { updateTenant } from '../../src/contract/tenants.ts'
import { groupPrefix } from '../../src/core/docker-names.ts'
import { groupsOf, limitsOfGroup } from '../support/cgroups.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { realDocker } from '../support/engine.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** The sum of a tenant's containers, as the kernel of the host holds it. */

const MIB = 1024 * 1024
const LIMITS = { cpuMilli: 1500, memoryBytes: 192 * MIB }
let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme', LIMITS)
  const small = { image: BASE, memoryBytes: 32 * MIB, cpuMilli: 100 }
  for (const name of ['one', 'two']) await acme.run({ name, ...small, command: ['sleep', '600'] })
})

after(async () => {
  await platform?.remove()
})

const groups = (): string[] => groupsOf(groupPrefix(platform.instance))

async function change(limits: Partial<typeof LIMITS>): Promise<void> {
  await platform.api.call(updateTenant, { params: { tenant: 'acme' }, body: { limits } })
}

async function pidOf(name: string): Promise<number> {
  const { id } = await acme.show(name)
  const { containers } = await objectsOf(platform.instance)
  const found = containers.find(({ Labels }) => Labels['cloudlet.id'] === id)
  const { State } = await realDocker()
    .getContainer(found?.Id ?? '')
    .inspect()
  return State.Pid
}

test('all containers of a tenant are in one group, which has its limits and not its name', async () => {
  const [group = ''] = groups()
  assert.match(group, new RegExp(`^${groupPrefix(platform.instance)}[0-9a-z]{8}$`))
  for (const name of ['one', 'two']) {
    const lines = readFileSync(`/proc/${await pidOf(name)}/cgroup`, 'utf8')
      .trim()
      .split('\n')
    const memory = lines.find((line) => /:memory:|^0::\/./.test(line)) ?? ''
    assert.match(memory, new RegExp(`:/${group}(\\.slice)?/`))
    assert.doesNotMatch(lines.join(), /acme/)
  }
  assert.deepEqual(limitsOfGroup(group), { ...LIMITS, pids: 16_384 })
})

test('other limits reach the group at once; lowered ones stop at what is reserved', async () => {
  const [group = ''] = groups()
  const holds = async (wanted: typeof LIMITS): Promise<void> => {
    await until(`the group is held to ${JSON.stringify(wanted)}`, () => {
      const { cpuMilli, memoryBytes } = limitsOfGroup(group)
      return cpuMilli === wanted.cpuMilli && memoryBytes === wanted.memoryBytes
    })
  }
  await change({ memoryBytes: 256 * MIB, cpuMilli: 900 })
  await holds({ memoryBytes: 256 * MIB, cpuMilli: 900 })
  await change({ memoryBytes: 0, cpuMilli: 0 })
  await holds({ memoryBytes: 64 * MIB, cpuMilli: 200 })
})

test('the group goes when its tenant is gone', async () => {
  for (const name of ['one', 'two']) await acme.remove(name)
  await platform.api.call(deleteTenant, { params: { tenant: 'acme' }, query: { wait: 30 } })
  await platform.stop()
  await platform.start()
  await until('the group is gone', () => groups().length === 0)
})
