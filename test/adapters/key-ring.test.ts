import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openKeyRing } from '../../src/adapters/key-ring.ts'

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'cloudlet-keys-'))
  return {
    file: join(path, 'keys.json'),
    names: () => readdirSync(path),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  }
}

const root = (fill: number) => Buffer.alloc(32, fill).toString('base64url')

function written(path: string, content: unknown, mode = 0o600): string {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
  return path
}

test('openKeyRing() makes a file that is its owner’s alone, once, and reads it again', async () => {
  using place = folder()
  const asked = { path: place.file, databaseHasKeys: false }
  const first = await openKeyRing(asked)
  assert.equal(statSync(place.file).mode & 0o777, 0o600)
  assert.deepEqual(place.names(), ['keys.json'])
  const text = readFileSync(place.file, 'utf8')
  const second = await openKeyRing({ ...asked, databaseHasKeys: true })
  assert.equal(readFileSync(place.file, 'utf8'), text)
  assert.equal(second.secretOf(1, 'ck1', 1), first.secretOf(1, 'ck1', 1))
})

test('openKeyRing() makes no new file where the database has keys of a lost one', async () => {
  using place = folder()
  await assert.rejects(openKeyRing({ path: place.file, databaseHasKeys: true }), /backup/)
  assert.deepEqual(place.names(), [])
})

test('openKeyRing() refuses a file that others can read, and says how to close it', async () => {
  using place = folder()
  for (const mode of [0o640, 0o604, 0o620, 0o666, 0o601]) {
    const path = written(place.file, { keys: { 1: root(1) }, current: 1 }, mode)
    const opening = openKeyRing({ path, databaseHasKeys: false })
    await assert.rejects(opening, /others can read it.*chmod 600/, mode.toString(8))
  }
})

test('openKeyRing() refuses what is no key file, and leaves it as it is', async () => {
  using place = folder()
  const short = Buffer.alloc(31, 1).toString('base64url')
  for (const content of [
    '',
    '{',
    'null',
    '[]',
    {},
    { keys: {}, current: 1 },
    { keys: { 1: short }, current: 1 },
    { keys: { 1: root(1), 2: short }, current: 1 },
    { keys: { 1: root(1) }, current: 2 },
    { keys: { 1: root(1) } },
    { keys: { 1: 7 }, current: 1 },
    { keys: { one: root(1) }, current: 1 },
    { keys: { 1: `${root(1)}\n!` }, current: 1 },
  ]) {
    const path = written(place.file, content)
    const before = readFileSync(path, 'utf8')
    const opening = openKeyRing({ path, databaseHasKeys: false })
    await assert.rejects(opening, { name: 'KeyFileError' }, before)
    assert.equal(readFileSync(path, 'utf8'), before)
  }
})

test('secretOf() has another secret for each root key, key and version, and always the same one', async () => {
  using place = folder()
  const path = written(place.file, { keys: { 1: root(1), 2: root(2) }, current: 2 })
  const ring = await openKeyRing({ path, databaseHasKeys: true })
  assert.equal(ring.current, 2)
  const secrets = [
    ring.secretOf(1, 'ck1', 1),
    ring.secretOf(2, 'ck1', 1),
    ring.secretOf(1, 'ck2', 1),
    ring.secretOf(1, 'ck1', 2),
    ring.secretOf(1, 'ck1', 11),
    ring.secretOf(1, 'ck11', 1),
  ]
  assert.equal(new Set(secrets).size, secrets.length)
  for (const secret of secrets) assert.equal(Buffer.from(secret, 'base64url').length, 32)
  // Fixed, because secrets that were handed out must be derived again by every later release.
  assert.equal(secrets[0], FIRST_SECRET)
  assert.throws(() => ring.secretOf(3, 'ck1', 1), /root key 3/)
})

const FIRST_SECRET = 'c6jyzfc41V0rGyugLF2Y6wkbLt5V1PlzwPYUOIpGEAY'

test('seal() and open() are a pair for one purpose, and notice every change', async () => {
  using place = folder()
  const path = written(place.file, { keys: { 1: root(1), 2: root(2) }, current: 1 })
  const old = await openKeyRing({ path, databaseHasKeys: true })
  const sealed = old.seal('registry a', 'hunter2 — ünïcode')
  assert.equal(old.open('registry a', sealed), 'hunter2 — ünïcode')
  assert.notEqual(old.seal('registry a', 'hunter2 — ünïcode'), sealed)
  assert.ok(!sealed.includes('hunter2'))
  assert.throws(() => old.open('registry b', sealed))
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    assert.throws(() => old.open('registry a', changed), `at ${at}`)
  }
  // A new root key seals from now on; what the old one sealed still opens.
  written(path, { keys: { 1: root(1), 2: root(2) }, current: 2 })
  const next = await openKeyRing({ path, databaseHasKeys: true })
  assert.equal(next.open('registry a', sealed), 'hunter2 — ünïcode')
  assert.match(next.seal('registry a', 'x'), /^2\./)
})
