import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** What the engine cannot cap is watched: a root that grows past what it may ends its container. */

const MIB = 1024 * 1024
/** The watch looks every 15 s, and a full root takes a while to be written and walked. */
const SEEN_MS = 90_000

let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
})

after(() => platform?.remove())

const writing = (mib: number) => [
  'sh',
  '-c',
  `dd if=/dev/zero of=/big bs=1M count=${mib} 2>/dev/null; echo written; exec sleep 600`,
]

test('a container that fills its root is stopped with the reason, and its neighbour is not', async () => {
  const facts = { image: BASE, restart: 'always', stopSignal: 'SIGKILL' } as const
  await acme.run({ name: 'modest', command: writing(100), ...facts })
  await acme.run({ name: 'greedy', command: writing(1100), ...facts })
  const stopped = await until(
    'the greedy one is stopped',
    async () => {
      const now = await acme.show('greedy')
      return now.state === 'stopped' && now
    },
    SEEN_MS,
  )
  assert.equal(stopped.reason?.code, 'root-full')
  const [, bytes] = /written (\d+) bytes/.exec(stopped.reason.message) ?? []
  assert.ok(Number(bytes) > 1024 * MIB, stopped.reason.message)
  assert.equal((await acme.show('modest')).state, 'running')
})
