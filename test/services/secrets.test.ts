import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { openVault } from '../../src/adapters/vault.ts'
import { Secret } from '../../src/contract/secrets.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { spareVersions, versionsInUse } from '../../src/services/secret-versions.ts'
import { secretsKeyService } from '../../src/services/secrets-key.ts'
import { apiWorld, type ApiWorld } from '../support/api-world.ts'

const CANARY = 'canary-7fd1c0'

const at = (secret: string) => ({ tenant: 'aa', secret, actor: PLATFORM })
const bytes = (length: number) => ({ base64: Buffer.alloc(length, 200).toString('base64') })

async function tenantWorld() {
  const world = await apiWorld()
  const { apiKey: token } = await world.tenant('aa')
  return Object.assign(world, { token })
}

/** The value as a container would get it. */
async function valueOf(world: ApiWorld, name: string, version: number): Promise<string> {
  const q = world.store.read
  const tenant = await world.tenants.get('aa')
  const row = await q.secrets.byName(tenant.id, name)
  const sealed = (await q.secrets.versions([row?.id ?? ''])).find((one) => one.version === version)
  assert.ok(row && sealed)
  const value = world.vault.open({ tenantId: tenant.id, secretId: row.id, version }, sealed)
  return Buffer.from(value).toString()
}

test('a secret is made, gets versions, is rolled back and deleted, and never shows a value', async () => {
  await using world = await tenantWorld()
  const { token } = world
  const put = async (value: string) => {
    const answer = await world.call('PUT /v1/tenants/aa/secrets/db', { token, body: { value } })
    const text = await answer.text()
    assert.ok(!text.includes(CANARY))
    return Secret.parse(JSON.parse(text))
  }
  assert.equal((await put(`${CANARY}1`)).version, 1)
  assert.equal((await put(`${CANARY}1`)).version, 1)
  const second = await put(`${CANARY}22`)
  assert.deepEqual(
    second.versions.map(({ version, sizeBytes }) => [version, sizeBytes]),
    [
      [1, 14],
      [2, 15],
    ],
  )
  const back = { token, body: { version: 1 } }
  const rolled = await world.call('POST /v1/tenants/aa/secrets/db/rollback', back)
  assert.equal(Secret.parse(await rolled.json()).version, 3)
  assert.equal(await valueOf(world, 'db', 3), `${CANARY}1`)
  assert.equal(await valueOf(world, 'db', 2), `${CANARY}22`)
  const listed = await world.call('GET /v1/tenants/aa/secrets', { token })
  assert.equal((await listed.text()).includes(CANARY), false)

  for (const part of ['', '-wal']) {
    const content = readFileSync(`${fileURLToPath(world.url)}${part}`)
    assert.ok(part === '' || content.includes('secret/db'))
    for (const form of ['utf8', 'base64', 'hex'] as const) {
      assert.equal(content.includes(Buffer.from(CANARY).toString(form)), false)
    }
  }
  const audit = JSON.stringify(await world.audit.list({ limit: 100 }))
  assert.match(audit, /"secrets\.put","target":"secret\/db"/)
  assert.ok(!audit.includes(CANARY) && !JSON.stringify(world.logged).includes(CANARY))

  assert.equal((await world.call('DELETE /v1/tenants/aa/secrets/db', { token })).status, 200)
  assert.equal((await world.call('GET /v1/tenants/aa/secrets/db', { token })).status, 404)
})

test('a secret holds any bytes up to 64 KiB, and a tenant has at most 200', async () => {
  await using world = await tenantWorld()
  const { token } = world
  const put = async (name: string, body: object) =>
    (await world.call(`PUT /v1/tenants/aa/secrets/${name}`, { token, body })).status
  assert.equal(await put('a', bytes(65_536)), 200)
  assert.equal(await put('a', bytes(65_537)), 422)
  assert.equal(await put('a', { value: 'ü'.repeat(40_000) }), 422)
  assert.equal(await put('a', {}), 422)
  assert.equal(await put('a', { value: 'x', base64: 'eA==' }), 422)
  assert.equal(await put('a', { base64: '*' }), 422)
  const { id } = await world.tenants.get('aa')
  await world.store.write(async (q) => {
    for (let i = 1; i < 200; i++) {
      const row = { id: world.newId(), tenantId: id, name: `s${i}`, version: 1 }
      // oxlint-disable-next-line no-await-in-loop -- one writer
      await q.secrets.put({ ...row, createdAt: 1, updatedAt: 1 })
    }
  })
  assert.equal(await put('b', { value: 'x' }), 409)
  assert.equal(await put('a', { value: 'x' }), 200)
})

test('ten versions are kept, the oldest goes first', async () => {
  await using world = await tenantWorld()
  for (let i = 1; i <= 12; i++) await world.secrets.put(at('db'), { value: `v${i}` })
  const { versions } = await world.secrets.get('aa', 'db')
  assert.deepEqual([versions.length, versions[0]?.version], [10, 3])
  await assert.rejects(world.secrets.rollBack(at('db'), 2), { code: 'not-found' })
})

test('spareVersions() takes none that a container names or runs with', () => {
  const kept = Array.from({ length: 10 }, (_, i) => ({ version: i + 1 }))
  const users = [
    {
      wantedJson: '[1,"latest"]',
      secretsJson: '[{"name":"a","version":1},{"name":"a","version":4}]',
    },
    {
      wantedJson: '["latest"]',
      secretsJson: '[{"name":"b","version":2},{"name":"a","version":3}]',
    },
    { wantedJson: '[5]', secretsJson: null },
  ]
  const used = versionsInUse('a', users)
  assert.deepEqual(
    [...used].toSorted((a, b) => a - b),
    [1, 3, 4, 5],
  )
  assert.deepEqual(spareVersions(kept, used), [2])
  assert.deepEqual(spareVersions(kept.slice(1), used), [])
  assert.equal(spareVersions(kept, new Set(kept.map(({ version }) => version))), null)
})

test('another tenant neither sees nor changes a secret', async () => {
  await using world = await tenantWorld()
  await world.secrets.put(at('db'), { value: 'x' })
  const { apiKey: token } = await world.tenant('bb')
  for (const [line, body] of [
    ['GET /v1/tenants/aa/secrets', undefined],
    ['GET /v1/tenants/bb/secrets/db', undefined],
    ['DELETE /v1/tenants/aa/secrets/db', undefined],
    ['PUT /v1/tenants/aa/secrets/db', { value: 'y' }],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    assert.equal((await world.call(line, { token, ...(body && { body }) })).status, 404, line)
  }
})

test('secrets go with their tenant', async () => {
  await using world = await tenantWorld()
  await world.secrets.put(at('db'), { value: 'x' })
  await world.tenants.delete('aa', PLATFORM)
  assert.equal(await world.store.read.secrets.any(), false)
})

/** What keys the versions are wrapped with, by their numbers. */
async function wraps(world: ApiWorld): Promise<string[]> {
  const tenant = await world.tenants.get('aa')
  const q = world.store.read.secrets
  const rows = await q.versions((await q.list(tenant.id)).map(({ id }) => id))
  return [...new Set(rows.map(({ wrapKey }) => String(wrapKey)))].toSorted()
}

test('rotate-secrets-key wraps all anew, and signs nobody out', async () => {
  await using world = await tenantWorld()
  for (const name of ['a', 'b', 'c']) await world.secrets.put(at(name), { value: name })
  const ask = () =>
    world.call('POST /v1/platform/rotate-secrets-key', { token: world.admin.apiKey })
  assert.deepEqual(await (await ask()).json(), { key: 2, rewrapped: 3, resumed: false })
  assert.deepEqual(await wraps(world), ['2'])
  assert.equal(await valueOf(world, 'b', 1), 'b')
  assert.equal((await world.call('GET /v1/tenants/aa', { token: world.token })).status, 200)
  const foreign = await world.call('POST /v1/platform/rotate-secrets-key', { token: world.token })
  assert.equal(foreign.status, 403)
  const last = (await world.audit.list({ limit: 2 })).items.map(({ action }) => action)
  assert.ok(last.includes('platform.rotate-secrets-key'))
})

test('a rotation that is killed between any two steps is ended by the next life', async () => {
  for (const point of ['secrets-key-made', 'secrets-rewrapped']) {
    // oxlint-disable no-await-in-loop -- one world after another
    await using world = await tenantWorld()
    for (let i = 0; i < 130; i++) {
      await world.secrets.put(at(`s${i}`), { value: `value ${i}` })
    }
    const { store, audit, vault, keyFile } = world
    const deps = { store, audit, breathe: () => setImmediate() }
    const dying = (passed: string): void => {
      if (passed === point) throw new Error('killed')
    }
    const first = secretsKeyService({ ...deps, vault, passing: dying })
    await assert.rejects(first.rotate(PLATFORM), /killed/)
    assert.ok((await wraps(world)).includes('1'), point)

    const reopened = await openVault({ path: keyFile, databaseHasSecrets: true })
    const second = secretsKeyService({ ...deps, vault: reopened })
    const done = await second.rotate(PLATFORM)
    assert.deepEqual([done.key, done.resumed], [2, true], point)
    assert.deepEqual(await wraps(world), ['2'])
    assert.equal(await second.settle(), 0)
    const { keys } = z
      .looseObject({ secrets: z.object({ keys: z.record(z.string(), z.string()) }) })
      .parse(JSON.parse(readFileSync(keyFile, 'utf8'))).secrets
    assert.deepEqual(Object.keys(keys), ['1', '2'])
    assert.equal(await valueOf(world, 's129', 1), 'value 129')
    // oxlint-enable no-await-in-loop
  }
})
