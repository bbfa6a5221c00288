import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWER_MS } from '../../db/served.ts'
import { Failure } from '../../src/core/failure.ts'
import { storeSuite } from '../conformance/store-suite.ts'
import { libsqlServer } from '../support/libsql-server.ts'
import { runs, until, world } from '../support/world.ts'

storeSuite('a libSQL server', async () => {
  const server = await libsqlServer()
  return {
    database: server.url,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
})

test('a platform whose state a libSQL server holds goes on after a restart of either', async () => {
  await using server = await libsqlServer()
  await using at = await world({ database: server.url })
  await at.addTenant('acme')
  await at.begin()
  await at.create('acme', {})
  await runs(at, 'acme', 'web')
  await at.quiet()
  await at.reborn()
  await at.begin()
  await runs(at, 'acme', 'web')

  await server.stop()
  await assert.rejects(at.addTenant('beta'), (error) => {
    assert.ok(error instanceof Failure)
    return error.code === 'storage-unavailable'
  })
  assert.equal(at.store.trouble(), 'away')
  // What is in memory is answered meanwhile.
  assert.equal((await at.control.containers.get('acme', 'web')).state, 'running')
  // What is not, says why.
  await assert.rejects(at.store.read.platformState.find('safe-mode'), {
    code: 'storage-unavailable',
    message: 'Cannot look it up: its database does not answer; it goes on by itself when it does',
  })
  await server.start()
  await at.addTenant('beta')
  assert.equal(at.store.trouble(), undefined)
})

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
