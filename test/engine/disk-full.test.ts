import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Trouble } from '../../db/trouble.ts'
import { openStore } from '../../db/open.ts'
import { storageWatch } from '../../src/control/storage.ts'
import { Failure } from '../../src/core/failure.ts'
import { eventService } from '../../src/services/events.ts'
import { HandTime } from '../fakes/timers.ts'
import { until } from '../support/wait.ts'
import { world } from '../support/world.ts'

/** A disk of this test's own, in memory. */
function smallDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-disk-'))
  run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill(): void {
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(ballast, Buffer.alloc(bavail * bsize))
    },
    empty: () => rmSync(ballast),
    [Symbol.dispose]() {
      // libSQL closes its files when the garbage of its statements is collected.
      run('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true })
    },
  }
}

function run(program: string, args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

test('a full disk makes the platform read-only, and room makes it whole again', async () => {
  using disk = smallDisk()
  await using at = await world({ database: `file:${join(disk.folder, 'a.db')}` })
  await at.addTenant('before')
  disk.fill()
  const failed = await failing(async (number) => at.addTenant(`tenant-${number}`))
  assert.equal(failed.code, 'storage-full')
  assert.match(failed.message, /disk .* is full; make room/)
  assert.equal(at.store.trouble(), 'full')
  assert.ok((await at.store.read.tenants.liveSlugs()).includes('before'))
  assert.equal((await at.control.events.list({ limit: 1 })).items.length, 0)

  disk.empty()
  await at.addTenant('after')
  assert.equal(at.store.trouble(), undefined)
  assert.equal((await at.store.read.tenants.bySlug('after'))?.slug, 'after')
})

/** Writes until there is no room: the log has some left from before. */
async function failing(write: (number: number) => Promise<unknown>): Promise<Failure> {
  for (let number = 0; number < 2000; number++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- until one fails
      await write(number)
    } catch (error) {
      assert.ok(error instanceof Failure)
      return error
    }
  }
  throw new Error('The disk never was full')
}

test('while nobody writes, the platform tries by itself, and tells afterwards how long it could not', async () => {
  using disk = smallDisk()
  const time = new HandTime()
  const logged: string[] = []
  const log = (_level: string, message: string) => void logged.push(message)
  const storage = storageWatch({ clock: time, timers: time, log })
  await using at = await world()
  const troubles: (Trouble | undefined)[] = []
  const store = await openStore(`file:${join(disk.folder, 'a.db')}`, at.migrations, {
    told(trouble) {
      troubles.push(trouble)
      storage.told(trouble)
    },
  })
  const events = eventService({ store, clock: time })
  storage.watch({ store, events })
  disk.fill()
  await failing((number) =>
    store.write((q) => q.platformState.put('safe-mode', String(number).repeat(1000))),
  )
  time.advance(5_000)
  await store.write(() => Promise.resolve()).catch(() => undefined)
  assert.deepEqual(troubles, ['full'])
  disk.empty()
  time.advance(5_000)
  const told = await until('it has told', async () => (await events.list({ limit: 1 })).items[0])
  assert.deepEqual(troubles, ['full', undefined])
  assert.equal(told.action, 'platform.storage-recovered')
  assert.equal(told.details['seconds'], 10)
  assert.equal(logged.length, 2)
  await store.close()
})
