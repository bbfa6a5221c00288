import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostResolvers } from '../../../proxy/dns/host-resolvers.ts'

test('hostResolvers() reads the file again once what it knows is 5 s old', async () => {
  let now = 0
  let reads = 0
  const resolvers = hostResolvers({
    read: async () => `nameserver 192.0.2.${++reads}`,
    now: () => now,
    log: () => undefined,
  })
  const [first, same] = await Promise.all([resolvers(), resolvers()])
  assert.deepEqual([first, same], [['192.0.2.1'], ['192.0.2.1']])
  now = 4999
  assert.deepEqual(await resolvers(), ['192.0.2.1'])
  now = 5000
  assert.deepEqual(await resolvers(), ['192.0.2.2'])
})

test('hostResolvers() keeps the last ones while the file cannot be read', async () => {
  let now = 0
  let isThere = true
  const warnings: string[] = []
  const resolvers = hostResolvers({
    async read() {
      if (!isThere) throw new Error('ENOENT')
      return 'nameserver 192.0.2.1'
    },
    now: () => now,
    log: (_level, message) => warnings.push(message),
  })
  await resolvers()
  isThere = false
  now = 6000
  assert.deepEqual(await resolvers(), ['192.0.2.1'])
  assert.deepEqual(warnings, ['Cannot read the list of resolvers'])
})
