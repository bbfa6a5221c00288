import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked, runs, until, world } from '../support/world.ts'

const FULL_LIST_MS = 30_000

test('a container is started only after the packet filter knows it', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  const known: boolean[] = []
  at.host.intercept = ({ method }) => {
    if (method === 'startContainer') {
      known.push(at.firewall.set('members').some((one) => one.endsWith(' . 10.208.1.2')))
    }
    return undefined
  }
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  assert.deepEqual(known, [true])
})

test('without a packet filter nothing is started, and all is once there is one', async () => {
  await using at = await world()
  await at.addTenant('acme')
  at.firewall.refuses = true
  await at.begin()
  await at.create('acme', {})
  const starts = () => at.host.calls.filter(({ method }) => method === 'startContainer').length
  await until('it is to be started', async () => {
    at.time.advance(100)
    return (await at.control.containers.get('acme', 'web')).state === 'starting'
  })
  assert.equal(starts(), 0)
  at.firewall.refuses = false
  await until('it runs', async () => {
    at.time.advance(500)
    return (await at.control.containers.get('acme', 'web')).state === 'running'
  })
  assert.equal(starts(), 1)
})

test('what has gone leaves the packet filter, and each full look makes sure of all', async () => {
  await using at = await world()
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const looks = at.firewall.looks
  await at.control.containers.delete(asked('acme', 'web'), true)
  await until('it is gone', () => at.host.containers.size === 0)
  await until('the next full look has been', () => {
    at.time.advance(FULL_LIST_MS)
    return at.firewall.looks > looks
  })
  assert.deepEqual(at.firewall.set('members'), [])
})
