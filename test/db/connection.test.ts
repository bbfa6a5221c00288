import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { apply, connect } from '../../db/connection.ts'
import { world } from '../support/world.ts'

async function connected() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-connection-'))
  const path = join(folder, 'a.db')
  const connections = await connect({ url: `file:${path}` })
  return {
    path,
    ...connections,
    async [Symbol.asyncDispose]() {
      await connections.close()
      rmSync(folder, { recursive: true })
    },
  }
}

test('the reader can write nothing, and leaves the log to the writer', async () => {
  await using at = await connected()
  await at.writer.execute('CREATE TABLE t (a INTEGER) STRICT')
  await assert.rejects(at.reader.execute('INSERT INTO t VALUES (1)'), /readonly/)
  const { rows } = await at.reader.execute('PRAGMA wal_autocheckpoint')
  assert.equal(rows[0]?.[0], 0)
})

test('a setting that the database does not take is an error, not a silence', async () => {
  await using at = await connected()
  await assert.rejects(apply(at.writer, { synchronus: 2 }), /"?synchronus = undefined/)
  await assert.rejects(apply(at.writer, { page_size: 1000 }), /page_size = 4096/)
})

test('a writer that was tampered with is put right by renew()', async () => {
  await using at = await connected()
  await at.writer.execute('PRAGMA foreign_keys = OFF')
  await at.renew()
  assert.equal((await at.writer.execute('PRAGMA foreign_keys')).rows[0]?.[0], 1)
})

test('the log stays small under writes without end', async () => {
  await using at = await connected()
  await at.writer.execute('CREATE TABLE t (a TEXT) STRICT')
  for (let i = 0; i < 40; i++) {
    await at.writer.execute('INSERT INTO t SELECT hex(randomblob(500000))')
    await at.reader.execute('SELECT count(*) FROM t')
  }
  const bytes = statSync(`${at.path}-wal`).size
  assert.ok(bytes < 16 * 1024 * 1024, `the log has ${bytes} bytes`)
})

test('numbers that would be written as others are refused before they are sent', async () => {
  await using at = await world()
  const acme = await at.addTenant('acme')
  for (const wrong of [Number.NaN, Infinity, 2 ** 53, 1.5]) {
    await assert.rejects(
      at.store.write((q) => q.tenants.markDeleted(acme.id, wrong)),
      (error: Error) => error.cause instanceof RangeError,
      String(wrong),
    )
  }
  await at.store.write((q) => q.tenants.markDeleted(acme.id, 2 ** 53 - 1))
  const row = await at.store.read.tenants.byId(acme.id)
  assert.equal(row?.deletedAt, 2 ** 53 - 1)
})
