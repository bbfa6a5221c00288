import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { createClient } from '@libsql/client'
import * as fc from 'fast-check'
import { PLATFORM } from '../../src/core/actor.ts'
import { TRIGGERS } from '../../db/triggers.ts'
import { auditCareService } from '../../src/services/audit-care.ts'
import { auditCheckService } from '../../src/services/audit-check.ts'
import type { ApiWorld } from '../support/api-world.ts'
import { apiWorld } from '../support/api-world.ts'

const DAY_MS = 24 * 60 * 60_000
const { signal } = new AbortController()

/** Writes so many entries, into the platform's chain or a tenant's. */
async function entries(
  world: ApiWorld,
  count: number,
  tenant: { readonly id: string; readonly slug: string } | null = null,
): Promise<void> {
  await world.store.write(async (q) => {
    for (let i = 0; i < count; i++) {
      const said = { action: 'x.y', tenant, target: `t${i}`, status: 200 }
      // oxlint-disable-next-line no-await-in-loop -- each follows the one before
      await world.audit.accepted(q, PLATFORM, said)
    }
  })
}

const verify = (world: ApiWorld, head?: string) => world.auditCheck.verify({ head }, signal)

async function headOf(world: ApiWorld): Promise<string> {
  const { ok, head } = await verify(world)
  assert.ok(ok && head !== null)
  return head
}

/** Somebody who has the database file, and no key. */
async function intruder(world: ApiWorld) {
  const client = createClient({ url: world.url })
  const triggers = Object.values(TRIGGERS).flat()
  for (const trigger of triggers) {
    const [, name = ''] = /CREATE TRIGGER (\w+)/.exec(trigger) ?? []
    // oxlint-disable-next-line no-await-in-loop -- one writer
    await client.execute(`DROP TRIGGER ${name}`)
  }
  return {
    run: (sql: string) => client.execute(sql),
    [Symbol.dispose]: () => client.close(),
  }
}

function careOf(world: ApiWorld, keep = { days: 10, entries: 1_000_000 }) {
  const lines: { level: string; fields: Record<string, unknown> }[] = []
  const { store, clock, keyRing } = world
  const log = (level: string, _message: string, fields: Record<string, unknown> = {}) =>
    void lines.push({ level, fields })
  return { ...auditCareService({ store, clock, keyRing, log, keep }), lines }
}

test('each tenant has a chain of its own beside the platform’s, and each is good', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  await world.tenant('bb')
  await entries(world, 501)
  const platform = await verify(world)
  assert.deepEqual([platform.ok, platform.entries, platform.chain], [true, 502, 'platform'])
  const own = await world.auditCheck.verifyOfTenant('aa', {}, signal)
  assert.deepEqual([own.ok, own.entries, own.firstBad], [true, 2, null])
  const { items } = await world.audit.listOfTenant('bb', { limit: 9 })
  assert.deepEqual(
    items.map(({ seq }) => seq),
    [2, 1],
  )
})

test('whatever text an entry holds, its mac still fits when it is read again', async () => {
  await using world = await apiWorld()
  const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 400 }), 60)
  const all = [...texts, '\ud800', 'a\0b', 'x'.repeat(299) + '😀', '"\\,\n', '']
  await world.store.write(async (q) => {
    for (const target of all) {
      const said = { action: 'x.y', tenant: null, target, status: 200 }
      // oxlint-disable-next-line no-await-in-loop -- each follows the one before
      await world.audit.accepted(q, PLATFORM, said)
    }
  })
  assert.deepEqual((await verify(world)).firstBad, null)
})

const DEEDS = {
  'an entry is changed': [`UPDATE audit_entries SET actor = 'x' WHERE seq = 3`, 3, 'changed'],
  'an entry is removed': [`DELETE FROM audit_entries WHERE seq = 3`, 3, 'missing'],
  'an entry is removed and the others close up': [
    `DELETE FROM audit_entries WHERE seq = 3; UPDATE audit_entries SET seq = seq - 1 WHERE seq > 3`,
    3,
    'changed',
  ],
  'two entries change places': [
    `UPDATE audit_entries SET seq = 99 WHERE seq = 3; UPDATE audit_entries SET seq = 3 WHERE seq = 4;
     UPDATE audit_entries SET seq = 4 WHERE seq = 99`,
    3,
    'changed',
  ],
  'an entry is added at the end': [
    `INSERT INTO audit_entries SELECT NULL, chain, 7, time, actor, key_id, tenant, action, target,
     result, status, request_id, source_address, root_key, mac FROM audit_entries WHERE seq = 6`,
    7,
    'changed',
  ],
  'the end is cut off': [`DELETE FROM audit_entries WHERE seq > 4`, 5, 'truncated'],
  'the beginning is cut off': [`DELETE FROM audit_entries WHERE seq < 3`, 1, 'missing'],
  'the beginning is cut off under a made up checkpoint': [
    `UPDATE audit_chains SET cut_seq = 2, cut_root_key = 1, cut_seal = head_mac,
     cut_mac = (SELECT mac FROM audit_entries WHERE seq = 2); DELETE FROM audit_entries WHERE seq < 3`,
    2,
    'checkpoint',
  ],
} as const

for (const [what, [sql, seq, flaw]] of Object.entries(DEEDS)) {
  test(`verify() finds it when ${what}`, async () => {
    await using world = await apiWorld()
    await entries(world, 5)
    using somebody = await intruder(world)
    // oxlint-disable-next-line no-await-in-loop -- one writer
    for (const statement of sql.split(';')) await somebody.run(statement)
    const { ok, firstBad } = await verify(world)
    assert.deepEqual([ok, firstBad?.seq, firstBad?.flaw], [false, seq, flaw])
  })
}

test('verify() with a head from the log finds an end that was cut off without a trace', async () => {
  await using world = await apiWorld()
  await entries(world, 5)
  const head = await headOf(world)
  await entries(world, 2)
  assert.equal((await verify(world, head)).ok, true)
  using somebody = await intruder(world)
  await somebody.run('DELETE FROM audit_entries WHERE seq > 4')
  await somebody.run(
    'UPDATE audit_chains SET head_seq = 4, head_mac = (SELECT mac FROM audit_entries WHERE seq = 4)',
  )
  assert.equal((await verify(world)).ok, true)
  assert.deepEqual((await verify(world, head)).firstBad?.flaw, 'truncated')
  // The platform goes on from there, as if nothing had been.
  await entries(world, 4)
  const { firstBad } = await verify(world, head)
  assert.deepEqual([firstBad?.seq, firstBad?.flaw], [6, 'changed'])
})

test('verify() refuses a head that is none', async () => {
  await using world = await apiWorld()
  await assert.rejects(verify(world, 'x'), { code: 'invalid-input' })
})

test('the database itself refuses to change an entry, or to remove one after the checkpoint', async () => {
  await using world = await apiWorld()
  await entries(world, 3)
  const client = createClient({ url: world.url })
  const refused = [
    `UPDATE audit_entries SET actor = 'x'`,
    'DELETE FROM audit_entries',
    `INSERT OR REPLACE INTO audit_entries SELECT NULL, chain, seq, time, 'x', key_id, tenant, action,
     target, result, status, request_id, source_address, root_key, mac FROM audit_entries WHERE seq = 2`,
    'UPDATE audit_chains SET head_seq = 1',
    'UPDATE audit_chains SET cut_seq = 9',
    'DELETE FROM audit_chains',
  ]
  for (const sql of refused) {
    // oxlint-disable-next-line no-await-in-loop -- one writer
    await assert.rejects(client.execute(sql), /audit/, sql)
  }
  client.close()
  assert.equal((await verify(world)).entries, 4)
})

test('sweep() cuts what is too old, leaves a signed checkpoint, and the rest is good', async () => {
  await using world = await apiWorld()
  await entries(world, 501)
  const head = await headOf(world)
  world.advance(11 * DAY_MS)
  await entries(world, 2)
  await careOf(world).sweep()
  const verdict = await verify(world)
  assert.deepEqual([verdict.ok, verdict.entries], [true, 2])
  // The head was that of the last entry that was cut: the checkpoint still knows it.
  assert.equal((await verify(world, head)).ok, true)
  await assert.rejects(verify(world, `5:${'a'.repeat(43)}`), { code: 'invalid-input' })
  const { items, nextCursor } = await world.audit.list({ limit: 9 })
  assert.deepEqual([items.map(({ seq }) => seq), nextCursor], [[504, 503], null])
})

test('sweep() keeps no more entries of a chain than so many, down to none that is old', async () => {
  await using world = await apiWorld()
  const { id } = await world.tenants.create({ slug: 'aa', policy: 'baseline' }, PLATFORM)
  await entries(world, 20, { id, slug: 'aa' })
  const care = careOf(world, { days: 10, entries: 5 })
  await care.sweep()
  const own = await world.auditCheck.verifyOfTenant('aa', {}, signal)
  assert.deepEqual([own.ok, own.entries, own.head?.split(':')[0]], [true, 5, '21'])
  world.advance(11 * DAY_MS)
  await care.sweep()
  const empty = await world.auditCheck.verifyOfTenant('aa', {}, signal)
  assert.deepEqual([empty.ok, empty.entries, empty.head], [true, 0, own.head])
  await entries(world, 1, { id, slug: 'aa' })
  assert.equal((await world.auditCheck.verifyOfTenant('aa', {}, signal)).head?.split(':')[0], '22')
})

test('sweep() does not cut where it would hide that an entry was changed', async () => {
  await using world = await apiWorld()
  await entries(world, 3)
  using somebody = await intruder(world)
  await somebody.run(`UPDATE audit_entries SET actor = 'x' WHERE seq = 2`)
  world.advance(11 * DAY_MS)
  const care = careOf(world)
  await care.sweep()
  assert.deepEqual(
    care.lines.map(({ level, fields }) => [level, fields['seq'], fields['flaw']]),
    [['error', 2, 'changed']],
  )
  assert.equal((await verify(world)).firstBad?.seq, 2)
})

test('logHeads() says the head of each chain that has moved, once', async () => {
  await using world = await apiWorld()
  await world.tenant('aa')
  const care = careOf(world)
  await care.logHeads()
  const said = care.lines.map(({ fields }) => fields['chain'])
  assert.equal(said.length, 2)
  const head = care.lines.find(({ fields }) => fields['chain'] === 'platform')?.fields['head']
  assert.equal(head, await headOf(world))
  await care.logHeads()
  assert.equal(care.lines.length, 2)
  await entries(world, 1)
  await care.logHeads()
  assert.equal(care.lines.length, 3)
})

test('verify() goes on where retention has cut while it was at it', async () => {
  await using world = await apiWorld()
  await entries(world, 501)
  const care = careOf(world, { days: 10, entries: 100 })
  let isCut = false
  const { store, keyRing } = world
  const check = auditCheckService({
    store,
    keyRing,
    async breathe() {
      if (!isCut) await care.sweep()
      isCut = true
      await setImmediate()
    },
  })
  const verdict = await check.verify({}, signal)
  assert.deepEqual([verdict.ok, verdict.firstBad], [true, null])
  assert.deepEqual(care.lines, [])
})

test('verify() goes along a chain once for all who ask at a time, and ends with the last of them', async () => {
  await using world = await apiWorld()
  await entries(world, 501)
  const { store, keyRing } = world
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  let walks = 0
  const check = auditCheckService({
    store,
    keyRing,
    breathe() {
      walks++
      begun.resolve()
      return gate.promise
    },
  })
  const given = new AbortController()
  const early = check.verify({}, given.signal)
  await begun.promise
  const others = Array.from({ length: 20 }, () => check.verify({}, signal))
  given.abort(new Error('gone'))
  await assert.rejects(early, /gone/)
  gate.resolve()
  const verdicts = await Promise.all(others)
  assert.ok(verdicts.every(({ ok, entries: count }) => ok && count === verdicts[0]?.entries))
  assert.equal(walks, 1)
  assert.ok((await check.verify({}, signal)).ok)
  assert.equal(walks, 2)
})

test('verify() ends when nobody waits for it any more', async () => {
  await using world = await apiWorld()
  const gone = AbortSignal.abort(new Error('gone'))
  await assert.rejects(world.auditCheck.verify({}, gone), /gone/)
})

test('list() finds by time, action, result and actor, however far back', async () => {
  await using world = await apiWorld()
  await entries(world, 3)
  world.advance(1000)
  const since = world.clock.now().toISOString()
  await world.tenant('aa')
  const refused = { action: 'x.z', tenant: null, target: '/x', result: 'not-allowed', status: 403 }
  await world.audit.refused(PLATFORM, refused)
  const found = async (query: object) =>
    (await world.audit.list({ limit: 100, ...query })).items.map(({ action }) => action)
  assert.deepEqual(await found({ since }), ['x.z', 'keys.create', 'tenants.create'])
  assert.deepEqual(await found({ until: since }), ['x.y', 'x.y', 'x.y', 'platform-keys.create'])
  assert.deepEqual(await found({ action: 'tenants.create' }), ['tenants.create'])
  assert.deepEqual(await found({ result: 'not-allowed' }), ['x.z'])
  assert.deepEqual(await found({ actor: 'nobody' }), [])
})
