import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { openVault } from '../../src/adapters/vault.ts'

const PLACE = { tenantId: 't', secretId: 's', version: 1 }

async function house() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-vault-'))
  const path = join(folder, 'keys.json')
  const keyRing = await openKeyRing({ path, databaseHasKeys: false })
  return {
    path,
    keyRing,
    names: () => readdirSync(folder),
    open: (databaseHasSecrets = false) => openVault({ path, databaseHasSecrets }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

test('openVault() puts its first key beside the root keys, once, for their owner alone', async () => {
  using place = await house()
  const sealed = (await place.open()).seal(PLACE, Buffer.from('x'))
  const text = readFileSync(place.path, 'utf8')
  const again = await place.open(true)
  assert.equal(Buffer.from(again.open(PLACE, sealed)).toString(), 'x')
  assert.equal(readFileSync(place.path, 'utf8'), text)
  assert.equal(statSync(place.path).mode & 0o777, 0o600)
  assert.deepEqual(place.names(), ['keys.json'])
  const ring = await openKeyRing({ path: place.path, databaseHasKeys: true })
  assert.equal(ring.secretOf(1, 'ck1', 1), place.keyRing.secretOf(1, 'ck1', 1))
})

test('openVault() makes no new key where the database has secrets of a lost one', async () => {
  using place = await house()
  await assert.rejects(place.open(true), /backup/)
  const { secrets: _gone, ...rest } = JSON.parse(readFileSync(place.path, 'utf8'))
  for (const secrets of [{}, { keys: {}, current: 1 }, { keys: { 1: 'short' }, current: 1 }, 7]) {
    writeFileSync(place.path, JSON.stringify({ ...rest, secrets }))
    // oxlint-disable-next-line no-await-in-loop -- one file
    await assert.rejects(place.open(), /backup/)
  }
})

test('what seal() makes opens to the same bytes, in its own place alone', async () => {
  using place = await house()
  const vault = await place.open()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (value) => {
      const sealed = vault.seal(PLACE, value)
      assert.deepEqual(new Uint8Array(vault.open(PLACE, sealed)), new Uint8Array(value))
      assert.notEqual(vault.seal(PLACE, value).sealedValue, sealed.sealedValue)
      for (const other of [{ tenantId: 'u' }, { secretId: 'u' }, { version: 2 }]) {
        assert.throws(() => vault.open({ ...PLACE, ...other }, sealed))
        assert.throws(() => vault.rewrap({ ...PLACE, ...other }, sealed))
      }
    }),
    { numRuns: 20 },
  )
  const [one, other] = [vault.seal(PLACE, Buffer.from('a')), vault.seal(PLACE, Buffer.from('b'))]
  assert.throws(() => vault.open(PLACE, { ...one, wrappedKey: other.wrappedKey }))
  const bytes = Buffer.from(one.sealedValue, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  const sealedValue = bytes.toString('base64url')
  assert.throws(() => vault.open(PLACE, { ...one, sealedValue }))
})

test('rotate() takes a new key, keeps the old ones, and no access key changes', async () => {
  using place = await house()
  const vault = await place.open()
  const sealed = vault.seal(PLACE, Buffer.from('x'))
  const secretKey = place.keyRing.secretOf(1, 'ck1', 1)
  await vault.rotate()
  assert.equal(vault.wrapKey, 2)
  const rewrapped = vault.rewrap(PLACE, sealed)
  assert.deepEqual([rewrapped.wrapKey, rewrapped.sealedValue], [2, sealed.sealedValue])
  const again = await place.open(true)
  for (const one of [sealed, rewrapped, again.seal(PLACE, Buffer.from('x'))]) {
    assert.equal(Buffer.from(again.open(PLACE, one)).toString(), 'x')
  }
  assert.equal(again.wrapKey, 2)
  const ring = await openKeyRing({ path: place.path, databaseHasKeys: true })
  assert.equal(ring.secretOf(1, 'ck1', 1), secretKey)
  assert.throws(() => vault.open(PLACE, { ...sealed, wrapKey: 3 }), /Cannot find key 3/)
})

test('rotations at once each take a key of their own, and what any of them wrapped opens', async () => {
  using place = await house()
  const vault = await place.open()
  const sealed = [vault.seal(PLACE, Buffer.from('x'))]
  const wrap = () => sealed.push(vault.seal(PLACE, Buffer.from('x')))
  await Promise.all([vault.rotate().then(wrap), vault.rotate().then(wrap)])
  assert.equal(vault.wrapKey, 3)
  const again = await place.open(true)
  for (const one of sealed) assert.equal(Buffer.from(again.open(PLACE, one)).toString(), 'x')
})

test('rotate() puts no key in the place of one that another process wrote, and goes on later', async () => {
  using place = await house()
  const [vault, other] = [await place.open(), await place.open()]
  await other.rotate()
  const text = readFileSync(place.path, 'utf8')
  await assert.rejects(vault.rotate(), /Cannot make key 2 .* in the file already/)
  assert.equal(readFileSync(place.path, 'utf8'), text)
  await other.rotate()
  assert.equal(other.wrapKey, 3)
})
