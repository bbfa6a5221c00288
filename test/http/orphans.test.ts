import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collected, Orphans } from '../../src/contract/orphans.ts'
import { ORPHAN_GRACE_MS } from '../../src/core/orphans.ts'
import type { Line } from '../support/api-world.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'

/** As many networks as an engine has after a database was lost. */
function leave({ host, outside, time }: CloudWorld, count: number): void {
  for (let n = 0; n < count; n++) {
    const name = `cl-gone-network-f${n}`
    host.networks.set(name, {
      instance: outside.instance.id,
      engineId: host.newId(),
      createdAt: time.now(),
      wanted: {
        name,
        tenant: 'gone',
        id: `f${n}`,
        generation: 1,
        bridge: `b${n}`,
        subnet: `10.208.${n}.0/24`,
        gateway: `10.208.${n}.1`,
        engineRange: `10.208.${n}.0/29`,
      },
    })
  }
}

async function ask({ call, admin }: CloudWorld, line: Line, body?: unknown) {
  const answer = await call(line, { token: admin.apiKey, ...(body !== undefined && { body }) })
  const value: unknown = await answer.json()
  return { status: answer.status, value }
}

const look = async (world: CloudWorld): Promise<Orphans> =>
  Orphans.parse((await ask(world, 'GET /v1/platform/orphans')).value)

async function collect(world: CloudWorld, body: object): Promise<Collected> {
  const { status, value } = await ask(world, 'POST /v1/platform/gc', body)
  assert.equal(status, 200)
  return Collected.parse(value)
}

test('an operator sees what no row knows, and lets go what the brake holds', async () => {
  await using world = await cloudWorld()
  leave(world, 11)
  const first = await look(world)
  assert.deepEqual([first.dueCount, first.waitingCount, first.braked], [0, 11, false])
  world.time.advance(ORPHAN_GRACE_MS)
  const later = await look(world)
  assert.deepEqual([later.dueCount, later.waitingCount, later.braked], [11, 0, true])
  assert.equal((await collect(world, {})).braked, true)
  assert.equal(world.host.networks.size, 11)
  const done = await collect(world, { brake: 'release' })
  assert.deepEqual([done.removedCount, done.removed.length, done.braked], [11, 11, false])
  assert.equal(world.host.networks.size, 0)
})

test('after a restore nothing is removed until an operator leaves safe mode', async () => {
  await using world = await cloudWorld()
  const at = '2026-01-02T03:04:05.000Z'
  const why = JSON.stringify({ reason: 'restored', from: 'a.db', at })
  await world.store.write((q) => q.platformState.put('safe-mode', why))
  const safeMode = { reason: 'restored', since: at }
  leave(world, 1)
  await look(world)
  world.time.advance(ORPHAN_GRACE_MS)
  assert.deepEqual((await look(world)).safeMode, safeMode)
  assert.equal((await ask(world, 'POST /v1/platform/gc', {})).status, 409)
  assert.equal(world.host.networks.size, 1)
  const shown = async () => JSON.stringify((await ask(world, 'GET /v1/platform')).value)
  assert.match(await shown(), /"safeMode":\{"reason":"restored"/)

  const left = await ask(world, 'POST /v1/platform/leave-safe-mode')
  assert.deepEqual([left.status, left.value], [200, safeMode])
  assert.match(await shown(), /"safeMode":null/)
  assert.equal((await ask(world, 'POST /v1/platform/leave-safe-mode')).status, 409)
  const { items } = await world.all.audit.list({ limit: 2, action: 'platform.leave-safe-mode' })
  assert.deepEqual(
    items.map(({ result }) => result),
    ['state-conflict', 'accepted'],
  )
  assert.equal((await collect(world, {})).removedCount, 1)
})

test('while the engine is away nothing can be said of it', async () => {
  await using world = await cloudWorld()
  world.host.stopEngine()
  assert.equal((await ask(world, 'GET /v1/platform/orphans')).status, 503)
})
