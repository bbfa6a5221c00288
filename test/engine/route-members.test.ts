import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopContainer } from '../../src/contract/containers.ts'
import { createRoute, updateRoute } from '../../src/contract/routes.ts'
import { page } from '../support/ingress-client.ts'
import { startPlatform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

const HOST = 'shop.lane.cloud.local'
const PROGRAM = `const server = require('node:http')
  .createServer((request, answer) => setTimeout(() => answer.end(process.env.WHO), 5))
  .listen(8080)
process.on('SIGTERM', () => server.close(() => process.exit(0)))`

test('a container behind a route is stopped under load, the others have its part, and no request is lost', async (t) => {
  const platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  t.after(() => platform.remove())
  const tenant = await newTenant(platform, 'lane')
  const params = { tenant: 'lane' }
  const names = ['blue', 'green', 'red']
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- the machine is small
    await tenant.run({
      name,
      image: DEMO_IMAGE,
      command: ['node', '-e', PROGRAM],
      env: { WHO: name },
      healthCheck: { type: 'tcp', intervalSeconds: 1 },
    })
  }
  const said = async (): Promise<string> => {
    const { status, body } = await page(platform.ingress, { host: HOST, path: '/' })
    return `${status} ${status === 200 ? body : ''}`.trim()
  }
  const targets = names.map((app) => ({ app }))
  await tenant.api.call(createRoute, {
    params,
    body: { name: 'shop', hosts: [HOST], targets, policy: { balance: { kind: 'two-choices' } } },
  })
  const seen = new Set<string>()
  await until('all three answer', async () => {
    seen.add(await said())
    return names.every((name) => seen.has(`200 ${name}`))
  })

  const heard: string[] = []
  const over = new AbortController()
  const asking = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- one after another
    while (!over.signal.aborted) heard.push(await said())
  }
  const askers = [asking(), asking(), asking()]
  await tenant.api.call(stopContainer, {
    params: { ...params, container: 'green' },
    query: { wait: 60 },
  })
  over.abort()
  await Promise.all(askers)
  const lost = heard.filter((one) => !one.startsWith('200 '))
  assert.deepEqual(lost, [], `of ${heard.length} requests`)
  const left = new Set<string>()
  for (let i = 0; i < 30; i += 1) left.add(await said())
  assert.deepEqual([...left].toSorted(), ['200 blue', '200 red'])

  const policy = { balance: { kind: 'hash', on: 'address' } } as const
  await tenant.api.call(updateRoute, { params: { ...params, route: 'shop' }, body: { policy } })
  await until('one client is led to one container', async () => {
    const all = new Set<string>()
    for (let i = 0; i < 12; i += 1) all.add(await said())
    return all.size === 1
  })
})
