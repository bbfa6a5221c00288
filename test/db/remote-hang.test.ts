import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWER_MS } from '../../db/served.ts'
import { libsqlServer } from '../support/libsql-server.ts'
import { until, world } from '../support/world.ts'

/** Under Node alone: Deno keeps the connection of a request that was called off, and with it the server its lock. */

test('a libSQL server that hangs is called away in time, and found again when it answers', async () => {
  await using server = await libsqlServer()
  await using at = await world({ database: server.url })
  await at.addTenant('acme')
  await server.hang()
  const begun = performance.now()
  const away = { code: 'storage-unavailable' }
  await assert.rejects(at.store.read.platformState.find('safe-mode'), away)
  assert.equal(at.store.trouble(), 'away')
  const writers = ['beta', 'delta', 'zeta', 'eta'].map((slug) => at.addTenant(slug))
  for (const one of await Promise.allSettled(writers)) {
    assert.ok(one.status === 'rejected' && one.reason.code === away.code)
  }
  // The first question and the first writer, each for its time: who stands behind is told at once.
  assert.ok(performance.now() - begun < 3.5 * ANSWER_MS)
  server.wake()
  await until('it is written to again', () =>
    at.addTenant('gamma').then(
      () => true,
      () => false,
    ),
  )
  assert.equal(at.store.trouble(), undefined)
  const slugs = await at.store.read.tenants.liveSlugs()
  assert.ok(slugs.includes('acme') && slugs.includes('gamma'))
})
