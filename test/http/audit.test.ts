import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { AuditLink, AuditVerdict } from '../../src/contract/audit.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { apiWorld, type ApiWorld, type Line } from '../support/api-world.ts'

async function exported(world: ApiWorld, path: string, token: string): Promise<AuditLink[]> {
  const answer = await world.call(`GET /${path}`, { token })
  assert.equal(answer.status, 200)
  const lines = (await answer.text()).trim().split('\n')
  return lines.map((line) => AuditLink.parse(JSON.parse(line)))
}

async function judged(
  world: ApiWorld,
  line: Line,
  asked: { readonly token: string; readonly entries?: readonly AuditLink[] },
): Promise<AuditVerdict> {
  const { token, entries } = asked
  const answer = await world.call(line, { token, ...(entries && { body: { entries } }) })
  assert.equal(answer.status, 200)
  return AuditVerdict.parse(await answer.json())
}

/** A tenant with some entries of its own. */
async function acme(world: ApiWorld, count: number) {
  const { apiKey: token } = await world.tenant('aa')
  const tenant = await world.tenants.get('aa')
  await world.store.write(async (q) => {
    for (let i = 0; i < count; i++) {
      const said = { action: 'x.y', tenant, target: `t${i} "ü"`, status: 200 }
      // oxlint-disable-next-line no-await-in-loop -- each follows the one before
      await world.audit.accepted(q, PLATFORM, said)
    }
  })
  return { token, id: tenant.id }
}

test('an exported chain is found good, whole and in parts, also when the platform has cut it', async () => {
  await using world = await apiWorld()
  const { token, id } = await acme(world, 5)
  const entries = await exported(world, 'v1/tenants/aa/audit/export', token)
  assert.deepEqual(
    entries.map(({ seq, chain }) => [seq, chain]),
    [1, 2, 3, 4, 5, 6, 7].map((seq) => [seq, id]),
  )
  const own: Line = 'POST /v1/tenants/aa/audit/verify'
  const whole = await judged(world, own, { token, entries })
  assert.deepEqual([whole.ok, whole.entries, whole.head?.split(':')[0]], [true, 7, '7'])
  const part = await judged(world, own, { token, entries: entries.slice(3, 6) })
  assert.deepEqual([part.ok, part.entries], [true, 3])
  const changed = entries.with(4, { ...entries[4]!, target: 'another' })
  const bad = await judged(world, own, { token, entries: changed })
  assert.deepEqual([bad.ok, bad.entries, bad.firstBad?.seq], [false, 4, 5])
  const gone = await judged(world, own, { token, entries: entries.toSpliced(4, 1) })
  assert.deepEqual([gone.ok, gone.firstBad?.seq, gone.firstBad?.flaw], [false, 5, 'missing'])
  const relinked = entries.toSpliced(4, 1).with(4, { ...entries[5]!, previousMac: entries[3]!.mac })
  const { firstBad } = await judged(world, own, { token, entries: relinked })
  assert.equal(firstBad?.seq, 5)
  assert.equal((await judged(world, own, { token, entries: [] })).entries, 0)
})

test('a tenant verifies its own chain, and no other', async () => {
  await using world = await apiWorld()
  const { token, id } = await acme(world, 1)
  const { apiKey: foreign } = await world.tenant('bb')
  const verdict = await judged(world, 'GET /v1/tenants/aa/audit/verify', { token })
  assert.deepEqual([verdict.ok, verdict.chain, verdict.entries], [true, id, 3])
  const head = encodeURIComponent(verdict.head ?? '')
  const again = await judged(world, `GET /v1/tenants/aa/audit/verify?head=${head}`, { token })
  assert.equal(again.ok, true)

  const entries = await exported(world, 'v1/tenants/aa/audit/export', token)
  const refused = async (line: Line, body?: object) =>
    (await world.call(line, { token: foreign, ...(body && { body }) })).status
  assert.equal(await refused('GET /v1/tenants/aa/audit/verify'), 404)
  assert.equal(await refused('GET /v1/tenants/aa/audit/export'), 404)
  assert.equal(await refused('POST /v1/tenants/bb/audit/verify', { entries }), 404)
  assert.equal(await refused('GET /v1/audit/verify'), 403)
  assert.equal(await refused('GET /v1/audit/export'), 403)
  assert.equal(await refused('POST /v1/audit/verify', { entries }), 403)
})

test('the admin verifies and exports any chain, also of a tenant that is gone', async () => {
  await using world = await apiWorld()
  const { id } = await acme(world, 1)
  const token = world.admin.apiKey
  await world.call('DELETE /v1/tenants/aa', { token })
  const verdict = await judged(world, `GET /v1/audit/verify?chain=${id}`, { token })
  assert.deepEqual([verdict.ok, verdict.entries], [true, 4])
  const entries = await exported(world, `v1/audit/export?chain=${id}`, token)
  assert.equal((await judged(world, 'POST /v1/audit/verify', { token, entries })).ok, true)
  const own = await exported(world, 'v1/audit/export', token)
  assert.deepEqual([...new Set(own.map(({ chain }) => chain))], ['platform'])
  const mixed = await judged(world, 'POST /v1/audit/verify', {
    token,
    entries: [...own, ...entries],
  })
  assert.deepEqual([mixed.ok, mixed.firstBad?.flaw], [false, 'misplaced'])
})

test('entries that are no entries, or too many, are refused', async () => {
  await using world = await apiWorld()
  const token = world.admin.apiKey
  const [entry] = await exported(world, 'v1/audit/export', token)
  for (const entries of [[{}], [{ ...entry, more: 1 }], Array.from({ length: 501 }, () => entry)]) {
    const answer = await world.call('POST /v1/audit/verify', { token, body: { entries } })
    assert.equal(answer.status, 422)
  }
  const answer = await world.call('GET /v1/audit/verify?head=7', { token })
  const problem = z.looseObject({ errors: z.array(z.looseObject({ pointer: z.string() })) })
  assert.equal(problem.parse(await answer.json()).errors[0]?.pointer, 'query#/head')
})
