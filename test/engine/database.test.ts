import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { createBackup } from '../../src/contract/backups.ts'
import { followEvents } from '../../src/contract/events.ts'
import { collectOrphans, listOrphans } from '../../src/contract/orphans.ts'
import { leaveSafeMode } from '../../src/contract/safe-mode.ts'
import { platformHealth } from '../../src/contract/platform.ts'
import { ApiError } from '../../src/client/api-error.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { placesIn } from '../../src/instance.ts'
import { libsqlServer } from '../support/libsql-server.ts'
import { runProgram } from '../support/platform-house.ts'
import { objectsOf, startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, tenantWithKey } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

const BACK_MS = 30_000
const sleeper = (name: string) => ({
  name,
  image: BASE,
  command: ['sleep', '600'],
  restart: 'always' as const,
  stopSignal: 'SIGKILL' as const,
})
const Event = z.looseObject({ seq: z.int(), action: z.string() })

/** What a platform tells over a WebSocket from now on. */
async function listener(platform: Platform) {
  const url = `${platform.endpoint.replace('http', 'ws')}/v1/events?since=0&action=container.`
  const socket = new WebSocket(url, ['cloudlet', `bearer.${platform.apiKey}`])
  const actions: string[] = []
  const codes: number[] = []
  socket.on('message', (data: Buffer) =>
    actions.push(Event.parse(JSON.parse(data.toString())).action),
  )
  socket.on('close', (code) => codes.push(code))
  await until('the WebSocket is open', () => socket.readyState === WebSocket.OPEN)
  return { actions, codes }
}

test('a platform tells what happens, is copied while it runs, and goes back to what it was', async () => {
  const platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  try {
    const heard = await listener(platform)
    const acme = await newTenant(platform, 'acme')
    const { id } = await acme.run(sleeper('first'))
    await until('it was heard', () => heard.actions.includes('container.running'))
    assert.deepEqual(heard.actions, ['container.created', 'container.started', 'container.running'])

    const backup = await platform.api.call(createBackup, {})
    assert.ok((backup.rows['containers'] ?? 0) >= 1)
    const later = await acme.run(sleeper('later'))
    await platform.stop()
    await until('the WebSocket is closed', () => heard.codes.length > 0)
    assert.deepEqual(heard.codes, [1012])

    const { backups, database } = placesIn(platform.dataDir)
    const file = join(backups, backup.name)
    const { status, said } = await runProgram(platform.settings, 'src/restore.ts', file)
    assert.equal(status, 0, said)
    assert.match(said, /What was there before is .*cloudlet\.db\.before-/)
    assert.ok(existsSync(database))

    await platform.start()
    const again = await tenantWithKey(platform, 'acme')
    assert.equal((await again.show('first')).id, id)
    await assert.rejects(again.show('later'), (error) => {
      assert.ok(error instanceof ApiError)
      return error.status === 404
    })
    // The engine has one that the backup does not know of: it is left alone.
    const { containers } = await objectsOf(platform.instance)
    const names = containers.flatMap(({ Names }) => Names)
    assert.ok(names.includes(`/${dockerName('acme', 'container', later.id)}`))
    const { safeMode, waiting } = await platform.api.call(listOrphans, {})
    assert.equal(safeMode?.reason, 'restored')
    assert.deepEqual(
      waiting.map((orphan) => orphan.id),
      [later.id],
    )
    await assert.rejects(platform.api.call(collectOrphans, { body: {} }), /in safe mode/)
    await platform.api.call(leaveSafeMode, {})
    assert.equal((await platform.api.call(collectOrphans, { body: {} })).removedCount, 0)
  } finally {
    await platform.remove()
  }
})

test('a libSQL server holds the state of a platform: a restart of either loses nothing', async () => {
  await using server = await libsqlServer()
  const platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_DB_URL: server.url })
  try {
    const acme = await newTenant(platform, 'acme')
    const { id } = await acme.run(sleeper('web'))
    assert.equal(existsSync(placesIn(platform.dataDir).database), false)
    await assert.rejects(platform.api.call(createBackup, {}), /a libSQL server holds the state/)

    await platform.kill('control-plane')
    const back = await until('it answers', () => acme.show('web').catch(() => undefined), BACK_MS)
    assert.equal(back.id, id)

    await server.stop()
    await assert.rejects(acme.run(sleeper('more')), /its database does not answer/)
    const { database } = await platform.api.call(platformHealth, {})
    assert.equal(database, 'read-only')
    assert.equal((await acme.show('web')).state, 'running')
    await server.start()
    await until(
      'it can be written to again',
      async () => (await platform.api.call(platformHealth, {})).database === 'up',
      BACK_MS,
    )
    const query = { since: 0, action: 'platform.storage' }
    for await (const event of platform.api.stream(followEvents, { query })) {
      assert.equal(event.action, 'platform.storage-recovered')
      break
    }
  } finally {
    await platform.remove()
  }
})
