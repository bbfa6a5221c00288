import assert from 'node:assert/strict'
import { copyFileSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient } from '@libsql/client'
import { z } from 'zod'
import { checkedCopy } from '../../db/copy.ts'
import { joseTokens } from '../../src/adapters/jose-tokens.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS } from '../../src/core/permissions.ts'
import { keyService } from '../../src/services/keys.ts'
import { accountOfTenant } from '../../src/services/ledger.ts'
import { registryService } from '../../src/services/registries.ts'
import { imageIdOf, runs, world } from '../support/world.ts'

/**
 * A folder for each version that was ever released, with a database that it has written (`sqlite3 .dump`)
 * and the key file beside it. All hold the same story, told through the services of their time.
 */
const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url))
const VERSIONS = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

const RowImage = z.object({ imageId: z.string().optional() })

/** The database of that version as a file of its own. */
async function written(version: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-migrations-'))
  const [path, keys] = [join(folder, 'cloudlet.db'), join(folder, 'keys.json')]
  copyFileSync(join(FIXTURES, version, 'keys.json'), keys)
  chmodSync(keys, 0o600)
  const client = createClient({ url: `file:${path}` })
  await client.executeMultiple(readFileSync(join(FIXTURES, version, 'database.sql'), 'utf8'))
  client.close()
  return {
    path,
    keys,
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  }
}

for (const version of VERSIONS) {
  test(`a database of ${version} is opened, and says all that it said then`, async () => {
    await using old = await written(version)
    await using at = await world({ database: `file:${old.path}` })
    const { containers, operations, registries, tenants } = at.store.read
    assert.deepEqual((await tenants.liveSlugs()).toSorted(), ['acme', 'beta'])
    const acme = await tenants.bySlug('acme')
    assert.ok(acme)
    const { limits, reserved } = await accountOfTenant(at.store.read, acme.id)
    assert.equal(limits.containers, 20)
    assert.equal(limits.cpuMilli, 8000)
    assert.equal(limits.memoryBytes, 4 * 1024 ** 3)
    assert.equal(reserved.containers, 3)
    assert.equal((await tenants.bySlug('beta'))?.policy, 'restricted')
    for (const { row } of await containers.live()) {
      const image = row.imageJson === null ? {} : RowImage.parse(JSON.parse(row.imageJson))
      assert.equal(row.imageId, image.imageId ?? null)
      // The story is told with images that are shared, or of which no size was known.
      assert.equal(row.imageBytes, image.imageId === undefined ? null : 0)
    }
    const states = (await containers.live()).map(({ row }) => `${row.name} ${row.state}`)
    assert.deepEqual(states.toSorted(), [
      'bad failed',
      'job exited',
      'spare stopped',
      'web running',
    ])
    const web = await at.control.containers.get('acme', 'web')
    assert.deepEqual(web.spec.env, { A: 'ä "quoted"' })
    assert.deepEqual(web.spec.labels, { team: 'a' })
    assert.equal((await operations.list(acme.id, { limit: 100 })).length, 6)
    assert.equal((await registries.list(acme.id)).length, 1)
    assert.ok(await checkedCopy(old.path, at.migrations))
  })

  test(`keys, tokens and sealed secrets of ${version} are good`, async () => {
    await using old = await written(version)
    await using at = await world({ database: `file:${old.path}` })
    const keyRing = await openKeyRing({ path: old.keys, databaseHasKeys: true })
    const { store, time: clock, newId } = at
    const { audit, events } = at.control
    const common = { store, clock, newId, audit, events, keyRing }
    const keys = keyService({ ...common, newJti: newId, tokens: joseTokens })
    await keys.load()
    const key = await store.read.keys.byId('ck0000000000000006')
    assert.ok(key)
    const minted = {
      accessKeyId: key.id,
      version: key.version,
      jti: 'jti-0000000000000010',
      issuedAt: clock.now(),
      expiresAt: null,
    }
    const secret = keyRing.secretOf(key.rootKey, key.id, key.version)
    const caller = await keys.authenticate(await joseTokens.sign(minted, secret), '127.0.0.1')
    assert.equal(caller.tenant?.slug, 'acme')
    const listed = await keys.list('acme', { limit: 10 })
    const revoked = listed.items.find(({ id }) => id === 'ck0000000000000008')
    assert.notEqual(revoked?.revokedAt, null)
    const asked = { tenant: 'acme', actor: PLATFORM, caller: { permissions: ALL_PERMISSIONS } }
    await keys.rotate(asked, key.id, 0)
    const login = await registryService(common).loginFor(
      caller.tenant?.id ?? '',
      'registry.example:5000',
    )
    assert.deepEqual(login, { username: 'ann', password: 'a-password' })
  })

  test(`what ran under ${version} runs again`, async () => {
    await using old = await written(version)
    await using at = await world({ database: `file:${old.path}` })
    const image = { exposedTcpPorts: [], volumes: [], user: '' }
    at.host.addImage('cloudlet/base', { imageId: imageIdOf('base'), ...image })
    await at.begin()
    await runs(at, 'acme', 'web')
    await at.quiet()
    assert.equal(at.host.containers.size, 1)
  })
}

test('every released version has its database among the fixtures', () => {
  assert.ok(VERSIONS.includes('0.1.0'))
})
