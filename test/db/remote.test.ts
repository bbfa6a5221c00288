import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../../src/core/failure.ts'
import { storeSuite } from '../conformance/store-suite.ts'
import { libsqlServer } from '../support/libsql-server.ts'
import { runs, world } from '../support/world.ts'

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
