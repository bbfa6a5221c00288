import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { listTenants } from '../../src/contract/tenants.ts'
import { overlaps, parseCidr } from '../../src/core/cidr.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { runProgram } from '../support/platform-house.ts'

/** Several platforms beside each other on one engine. */

let one: Platform
let two: Platform

before(async () => {
  one = await startPlatform()
  two = await startPlatform({ CLOUDLET_DEMO: '0' })
})

after(async () => {
  await Promise.all([one?.remove(), two?.remove()])
})

test('two instances have ports, pools and objects of their own', async () => {
  const addresses = [one, two].flatMap(({ endpoint, ingress, dns }) => [
    endpoint,
    ingress.port,
    dns.port,
  ])
  assert.equal(new Set(addresses).size, addresses.length)
  const [poolOne, poolTwo] = [parseCidr(one.pool), parseCidr(two.pool)]
  assert.ok(poolOne && poolTwo && !overlaps(poolOne, poolTwo))

  const { items } = await two.api.call(listTenants, {})
  assert.deepEqual(items, [])
  assert.equal((await objectsOf(one.instance)).containers.length, 1)
  assert.deepEqual(await objectsOf(two.instance), { containers: [], networks: [] })
})

test('a key of one instance is nothing to the other', async () => {
  const asked = await fetch(`${two.endpoint}/v1/whoami`, {
    headers: { authorization: `Bearer ${one.apiKey}` },
  })
  assert.equal(asked.status, 401)
})

test('a second start with the same data directory fails, says why, and harms nothing', async () => {
  const edge = one.pids('ingress')
  const { status, said } = await runProgram(one.settings, 'src/main.ts')
  assert.equal(status, 1)
  assert.match(said, /Another Cloudlet runs with the data directory/)
  assert.deepEqual(one.pids('ingress'), edge)
})

test('a start whose port was taken meanwhile fails, and names the process that has it', async () => {
  await two.stop()
  const thief = createServer().listen({ host: two.ingress.host, port: two.ingress.port })
  await once(thief, 'listening')
  const { status, said } = await runProgram(two.settings, 'src/main.ts')
  thief.close()
  assert.equal(status, 1)
  assert.match(said, new RegExp(`Cannot listen on .*:${two.ingress.port}: process ${process.pid} `))
  await two.start()
})
