import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClient } from '@libsql/client'
import { fileBackups } from '../../db/backups.ts'
import { openStore } from '../../db/open.ts'
import { restoreDatabase } from '../../db/restore.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { Failure } from '../../src/core/failure.ts'
import type { Backups } from '../../src/ports/backups.ts'
import { backupService } from '../../src/services/backups.ts'
import { world, type World } from '../support/world.ts'

const HOUR_MS = 60 * 60_000

/** A world whose database is a file that the test knows, and a folder for its backups. */
async function house() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-backups-'))
  const database = join(folder, 'cloudlet.db')
  const at = await world({ database: `file:${database}` })
  const backups = fileBackups({
    database,
    folder: join(folder, 'backups'),
    migrations: at.migrations,
    kept: 3,
  })
  const service = (files: Backups | null = backups) =>
    backupService({
      store: at.store,
      clock: at.time,
      audit: at.control.audit,
      events: at.control.events,
      backups: files,
      everyHours: 24,
    })
  return {
    at,
    folder,
    database,
    backups,
    service,
    pathOf: (name: string) => join(folder, 'backups', name),
    async [Symbol.asyncDispose]() {
      await at[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

const soon = (): AbortSignal => AbortSignal.timeout(60_000)

const slugsIn = async ({ migrations }: World, path: string): Promise<string[]> => {
  const store = await openStore(`file:${path}`, migrations)
  try {
    return await store.read.tenants.liveSlugs()
  } finally {
    await store.close()
  }
}

test('a backup is the database at one moment, whatever is written meanwhile, and nobody else may read it', async () => {
  await using home = await house()
  const { at, backups } = home
  await at.addTenant('acme')
  const writing = Promise.all(
    Array.from({ length: 100 }, (_, number) => at.addTenant(`tenant-${number}`)),
  )
  const made = await backups.make(at.time.now(), soon())
  await writing
  const slugs = await slugsIn(at, home.pathOf(made.name))
  assert.ok(slugs.includes('acme'))
  assert.equal(slugs.length, made.rows['tenants'])
  assert.equal(statSync(home.pathOf(made.name)).mode & 0o777, 0o600)
  assert.equal(statSync(join(home.folder, 'backups')).mode & 0o777, 0o700)
  assert.deepEqual(await backups.list(), [made])
})

test('the oldest backups go, and what is left half made is none', async () => {
  await using home = await house()
  const { at, backups } = home
  for (let day = 0; day < 5; day++) {
    await backups.make(at.time.now(), soon())
    at.time.advance(24 * HOUR_MS)
  }
  writeFileSync(home.pathOf('cloudlet-2027-01-01T00-00-00.000Z.db.new'), 'half')
  const days = (await backups.list()).map(({ createdAt }) => createdAt.getUTCDate())
  assert.deepEqual(days, [6, 5, 4])
  const files = readdirSync(join(home.folder, 'backups')).filter((name) => name.endsWith('.db'))
  assert.equal(files.length, 3)

  writeFileSync(home.pathOf('cloudlet-2027-01-01T00-00-00.000Z.db.new-journal'), 'half')
  writeFileSync(home.pathOf('cloudlet-2027-01-01T00-00-00.000Z.db.json'), '{}')
  writeFileSync(home.pathOf('notes.db.new'), 'not ours')
  const { name } = await backups.make(at.time.now(), soon())
  const all = readdirSync(join(home.folder, 'backups'))
  const complete = (await backups.list()).flatMap((one) => [one.name, `${one.name}.json`])
  assert.deepEqual(all.toSorted(), [...complete, 'notes.db.new'].toSorted())
  assert.ok(complete.includes(name))
})

test('a backup is made when it is due, and once for all who ask at once', async () => {
  await using home = await house()
  const { at } = home
  let makes = 0
  const service = home.service({
    ...home.backups,
    make: (now, signal) => {
      makes++
      return home.backups.make(now, signal)
    },
  })
  await service.sweep()
  at.time.advance(23 * HOUR_MS)
  await service.sweep()
  assert.equal(makes, 1)
  at.time.advance(HOUR_MS)
  await Promise.all([service.sweep(), service.create(PLATFORM, soon())])
  assert.equal(makes, 2)
  const { items } = await at.control.events.list({ limit: 1 })
  assert.equal(items[0]?.action, 'platform.backup-made')
  assert.equal((await service.list()).items.length, 2)
})

test('a backup that cannot be made is a failure with its reason, an event, and no file', async () => {
  await using home = await house()
  const service = home.service(
    fileBackups({
      database: join(home.folder, 'elsewhere', 'none.db'),
      folder: join(home.folder, 'backups'),
      migrations: home.at.migrations,
      kept: 3,
    }),
  )
  await assert.rejects(service.create(PLATFORM, soon()), (error) => {
    assert.ok(error instanceof Failure)
    return error.code === 'storage-unavailable'
  })
  const { items } = await home.at.control.events.list({ limit: 1 })
  assert.equal(items[0]?.action, 'platform.backup-failed')
  assert.deepEqual(readdirSync(join(home.folder, 'backups')), [])
  await assert.rejects(home.service(null).create(PLATFORM, soon()), /a libSQL server holds/)
})

test('a restored database is as it was, in safe mode, and the old one stays beside it', async () => {
  await using home = await house()
  const { at, database, backups } = home
  await at.addTenant('acme')
  const made = await backups.make(at.time.now(), soon())
  await at.addTenant('later')
  await at.store.close()
  const { kept } = await restoreDatabase({
    backup: home.pathOf(made.name),
    database,
    migrations: at.migrations,
    at: new Date('2026-02-03T04:05:06.000Z'),
  })
  assert.deepEqual(await slugsIn(at, database), ['acme'])
  assert.equal(kept, `${database}.before-2026-02-03T04-05-06.000Z`)
  assert.deepEqual(await slugsIn(at, kept), ['acme', 'later'])
  const store = await openStore(`file:${database}`, at.migrations)
  const why = JSON.parse((await store.read.platformState.find('safe-mode')) ?? '')
  assert.deepEqual(why, {
    reason: 'restored',
    from: made.name,
    at: '2026-02-03T04:05:06.000Z',
  })
  await store.close()
  assert.equal(existsSync(`${database}.restoring`), false)
})

test('what is damaged, foreign or changed is not restored, and the database stays', async () => {
  await using home = await house()
  const { at, database, backups } = home
  await at.addTenant('acme')
  const made = await backups.make(at.time.now(), soon())
  const path = home.pathOf(made.name)
  const good = readFileSync(path)
  const restored = (bytes: Buffer) => {
    writeFileSync(path, bytes)
    return restoreDatabase({ backup: path, database, migrations: at.migrations, at: new Date(0) })
  }
  const torn = Buffer.from(good)
  torn.fill(0xff, good.length / 2, good.length / 2 + 8192)
  await assert.rejects(restored(torn), /The database is damaged/)
  await assert.rejects(restored(good.subarray(0, 8192)), /The database is damaged/)
  await assert.rejects(restored(Buffer.from('hello')), /The database is damaged/)
  await assert.rejects(restored(Buffer.alloc(0)), /no database of the platform/)
  writeFileSync(path, good)
  const other = await home.backups.make(new Date(at.time.now().getTime() + HOUR_MS), soon())
  writeFileSync(path, readFileSync(home.pathOf(other.name)))
  writeFileSync(
    `${path}.json`,
    readFileSync(`${path}.json`, 'utf8').replace(/"sha256": "../, '"sha256": "zz'),
  )
  await assert.rejects(
    restoreDatabase({ backup: path, database, migrations: at.migrations, at: new Date(0) }),
    /not what was written there/,
  )
  assert.deepEqual(await at.store.read.tenants.liveSlugs(), ['acme'])
  assert.equal(existsSync(`${database}.restoring`), false)
})

test('a damaged database is not opened: the error says how to go on', async () => {
  await using home = await house()
  const { at, database } = home
  await at.addTenant('acme')
  await at.store.close()
  const bytes = readFileSync(database)
  const damages: Buffer[] = [
    Buffer.from('this is no database'.repeat(1000)),
    Buffer.from(bytes).fill(0xff, 8192, 16_384),
  ]
  for (const [number, damage] of damages.entries()) {
    const path = join(home.folder, `damaged-${number}.db`)
    writeFileSync(path, damage)
    await assert.rejects(
      openStore(`file:${path}`, at.migrations),
      /The database is damaged: .*; stop the platform and put a backup in its place: cloudlet restore/,
    )
  }
})

test('a database that is no longer trusted is read, and not written', async () => {
  await using home = await house()
  await home.at.addTenant('acme')
  home.at.store.distrust()
  await assert.rejects(home.at.addTenant('beta'), /its database is damaged; restore a backup/)
  assert.deepEqual(await home.at.store.read.tenants.liveSlugs(), ['acme'])
})

test('a database of a newer version is not opened', async () => {
  await using home = await house()
  const { at, database } = home
  await at.store.close()
  const client = createClient({ url: `file:${database}` })
  const hash = '0'.repeat(64)
  await client.execute({
    sql: 'INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)',
    args: [hash, Date.parse('2100-01-01T00:00:00.000Z')],
  })
  client.close()
  await assert.rejects(openStore(at.url, at.migrations), /a newer version of the platform/)
})
