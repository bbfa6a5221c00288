import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { test } from 'node:test'
import { member, table, world } from './world.ts'

/** The runtime's own client reads what we write: neither of the two was made for the other. */
test('the DNS client of the runtime understands every kind of answer', async (t) => {
  const members = [2, 3].map((n) =>
    member({ tenant: 'demo', name: 'web', id: `web-${n}`, address: `10.208.0.${n}` }),
  )
  const { at } = await world(t, { table: { ...table(members), pool: '10.208.0.0/12' } })
  const client = new Resolver({ timeout: 2000, tries: 2 })
  client.setServers([`${at.host}:${at.port}`])

  const addresses = await client.resolve4('web.demo.internal')
  assert.deepEqual(addresses.toSorted(), ['10.208.0.2', '10.208.0.3'])
  assert.deepEqual(await client.resolvePtr('2.0.208.10.in-addr.arpa'), ['web.demo.internal'])
  assert.deepEqual(await client.resolveNs('demo.internal'), ['demo.internal'])
  assert.equal((await client.resolveSoa('demo.internal')).minttl, 1)
  // Deno calls every absence ENOTFOUND, and every failure by another name than Node.
  await assert.rejects(client.resolve6('web.demo.internal'), { code: /^(ENODATA|ENOTFOUND)$/ })
  await assert.rejects(client.resolve4('none.demo.internal'), { code: 'ENOTFOUND' })
  await assert.rejects(client.resolve4('example.com'))
})
