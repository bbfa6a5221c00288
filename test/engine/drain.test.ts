import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ApiError } from '../../src/client/api-error.ts'
import { listEvents } from '../../src/contract/events.ts'
import { drainNode, getNode, uncordonNode } from '../../src/contract/nodes.ts'
import { page } from '../support/ingress-client.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, DEMO_IMAGE, newTenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** A machine is looked after: nothing runs on the real engine, and all that was to run is there again. */

/** It is looked every 15 s. */
const TWO_LOOKS_MS = 40_000
const MIB = 1024 * 1024
const params = { node: 'local' }
let platform: Platform

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
})
after(() => platform?.remove())

const statusOf = async (host: string): Promise<number> =>
  (await page(platform.ingress, { host, path: '/healthz' })).status

test('a drain stops everything, and an uncordon brings back what was to run and no job that had ended', async () => {
  const acme = await newTenant(platform, 'acme', {})
  await acme.run({ name: 'web', image: DEMO_IMAGE })
  await acme.run({ name: 'job', image: BASE, command: ['true'], restart: 'no' })
  const host = 'web.acme.cloud.local'
  await until('the app answers', async () => (await statusOf(host)) === 200)
  const first = await acme.show('web')

  const { api } = platform
  const drained = await api.call(drainNode, { params, query: { wait: 60 } })
  assert.equal(drained.operation.state, 'succeeded')
  assert.match(drained.resource.notice ?? '', /no container of any tenant runs/)
  const node = await api.call(getNode, { params })
  assert.deepEqual([node.scheduling, node.running], ['drained', 0])
  const held = await acme.show('web')
  assert.deepEqual(
    [held.desired, held.state, held.reason?.code],
    ['running', 'stopped', 'node-drained'],
  )
  assert.equal(await statusOf(host), 503)
  await assert.rejects(acme.run({ name: 'late', image: BASE }), (error) => {
    assert.ok(error instanceof ApiError)
    return error.status === 409 && error.code === 'node-cordoned'
  })

  const open = await api.call(uncordonNode, { params, query: { wait: 60 } })
  assert.equal(open.operation.state, 'succeeded')
  await until('the app answers again', async () => (await statusOf(host)) === 200)
  const again = await acme.show('web')
  assert.deepEqual([again.state, again.restarts, again.addresses], ['running', 0, first.addresses])
  assert.equal((await acme.show('job')).state, 'exited')
})

test('a container that fills its memory is told of by the kernel’s own count', async () => {
  const beta = await newTenant(platform, 'beta', {})
  // A file in its own memory: 61 of 64 MiB, which stay until it ends.
  const fill = 'head -c 61m /dev/zero > /tmp/full; while :; do sleep 1; done'
  const { id } = await beta.run({
    name: 'full',
    image: BASE,
    memoryBytes: 64 * MIB,
    command: ['sh', '-c', fill],
  })
  const event = await until(
    'its alarm is told',
    async () => {
      const { items } = await platform.api.call(listEvents, { query: { limit: 50 } })
      return items.find(
        ({ action, target }) => action === 'container.memory-high' && target.id === id,
      )
    },
    TWO_LOOKS_MS,
  )
  assert.equal(event.tenant, 'beta')
  assert.match(event.message, /^Container "full" uses 9\d/)
})
