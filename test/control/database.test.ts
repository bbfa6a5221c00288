import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { readSettings } from '../../src/config.ts'
import { openDatabase } from '../../src/control/database.ts'
import { storageWatch } from '../../src/control/storage.ts'
import { placesIn } from '../../src/instance.ts'
import { HandTime } from '../fakes/timers.ts'

const OLD = fileURLToPath(new URL('../fixtures/0.1.0/database.sql', import.meta.url))
const RESTORE = fileURLToPath(new URL('../../src/restore.ts', import.meta.url))

/** A data directory with a database of 0.1.0. */
async function dataDirectory() {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudlet-data-'))
  const places = placesIn(dataDir)
  mkdirSync(places.control)
  const client = createClient({ url: `file:${places.database}` })
  await client.executeMultiple(readFileSync(OLD, 'utf8'))
  client.close()
  const instance = {
    id: 'testtesttesttest',
    dataDir,
    apiAddress: '127.0.0.1:7070',
    ingressAddress: '127.0.0.1:8080',
    httpsAddress: '127.0.0.1:8443',
    dnsAddress: '127.0.0.1:1053',
    pool: '10.208.0.0/12',
    resolver: null,
    isolated: true,
    edgeUid: null,
    workers: 1,
  }
  const clock = new HandTime()
  const settings = readSettings({ env: {}, uid: -1, home: dataDir })
  const storage = storageWatch({ clock, timers: clock, log: () => undefined })
  return {
    dataDir,
    places,
    open: () => openDatabase({ clock, instance, settings }, storage),
    backups: () => readdirSync(places.backups).filter((name) => name.endsWith('.db')),
    [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }),
  }
}

test('a database of an older version is copied before its schema changes, and once', async () => {
  await using at = await dataDirectory()
  for (let start = 0; start < 2; start++) {
    const store = await at.open()
    assert.deepEqual((await store.read.tenants.liveSlugs()).toSorted(), ['acme', 'beta'])
    await store.close()
  }
  const [name = '', ...more] = at.backups()
  assert.deepEqual(more, [])
  const copy = createClient({ url: `file:${join(at.places.backups, name)}` })
  const { rows } = await copy.execute('SELECT count(*) FROM __drizzle_migrations')
  assert.equal(rows[0]?.[0], 1)
  copy.close()
})

function restored(dataDir: string, backup: string) {
  const isDeno = 'Deno' in globalThis
  const options = isDeno ? ['run', '-A', '--no-check', '--node-modules-dir=manual'] : []
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, RESTORE, backup], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], CLOUDLET_DATA_DIR: dataDir },
  })
  return { status, text: stdout + stderr }
}

test('restore puts a backup in place, and refuses while the platform runs', async () => {
  await using at = await dataDirectory()
  await (await at.open()).close()
  const backup = join(at.places.backups, at.backups()[0] ?? '')

  // As the supervisor does it for a control plane.
  const running = spawn('flock', ['--no-fork', at.places.lock, 'sleep', '1000'], {
    stdio: 'ignore',
  })
  await once(running, 'spawn')
  await lockedBy(at.places.lock)
  const refused = restored(at.dataDir, backup)
  assert.equal(refused.status, 1)
  assert.match(refused.text, /Cannot restore: the platform runs; stop it first/)
  running.kill('SIGKILL')
  await once(running, 'close')

  const done = restored(at.dataDir, backup)
  assert.equal(done.status, 0, done.text)
  assert.match(done.text, /^Restored .*The platform starts in safe mode\.\n$/)
  const store = await at.open()
  assert.match((await store.read.platformState.find('safe-mode')) ?? '', /"reason":"restored"/)
  assert.deepEqual((await store.read.tenants.liveSlugs()).toSorted(), ['acme', 'beta'])
  await store.close()
  const missing = restored(at.dataDir, '/nowhere/a.db')
  assert.match(missing.text, /Cannot find the backup \/nowhere\/a\.db/)
})

async function lockedBy(lock: string): Promise<void> {
  while (spawnSync('flock', ['--nonblock', lock, 'true']).status === 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
