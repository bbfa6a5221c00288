import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { NewAccessKey } from '../../src/contract/keys.ts'
import { firstStart } from '../../src/control/first-start.ts'

const KEY: NewAccessKey = {
  id: 'ckaaaaaaaaaaaaaaaa',
  tenant: null,
  description: 'made at the first start',
  role: 'admin',
  actions: null,
  resources: null,
  version: 1,
  previousUntil: null,
  createdAt: '2026-01-02T03:04:05.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  lastUsedFrom: null,
  secretKey: 'secret',
  apiKey: 'token',
}
const ENDPOINT = 'http://127.0.0.1:7070'

const noSecondKey = () => Promise.reject(new Error('a second key'))

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-first-'))
  const adminFile = join(folder, 'admin.json')
  const profileFile = join(folder, 'config/cloudlet/profile.json')
  const deps = {
    endpoint: ENDPOINT,
    adminFile,
    profileFile,
    instanceName: 'instanceinstance',
    tenant: 'demo',
    isFirstStart: true,
    createAdmin: () => Promise.resolve(KEY),
    unusedAdmin: () => Promise.resolve(undefined),
  }
  return {
    adminFile,
    profileFile,
    deps,
    json: (path: string) => JSON.parse(readFileSync(path, 'utf8')),
    /** Something that is there before the first start. */
    profile(text: string): void {
      mkdirSync(dirname(profileFile), { recursive: true })
      writeFileSync(profileFile, text)
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

test('the first start writes the key for scripts and for the command line, for its user alone', async () => {
  using at = world()
  assert.equal(await firstStart(at.deps), KEY)
  assert.deepEqual(at.json(at.adminFile), {
    endpoint: ENDPOINT,
    accessKeyId: KEY.id,
    secretKey: 'secret',
    apiKey: 'token',
  })
  const { current, profiles } = at.json(at.profileFile)
  assert.equal(current, 'default')
  assert.equal(profiles.default.tenant, 'demo')
  for (const path of [at.adminFile, at.profileFile])
    assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a later start makes no key, and lets admin.json follow the address', async () => {
  using at = world()
  await firstStart(at.deps)
  const endpoint = 'http://127.0.0.1:9999'
  const createAdmin = noSecondKey
  const later = { ...at.deps, isFirstStart: false, createAdmin, endpoint }
  assert.equal(await firstStart(later), undefined)
  assert.equal(at.json(at.adminFile).endpoint, endpoint)
  assert.equal(at.json(at.adminFile).secretKey, 'secret')
})

test('a later start writes the key again that the first one had no time to write down', async () => {
  using at = world()
  const later = { ...at.deps, isFirstStart: false, createAdmin: noSecondKey }
  const key = await firstStart({ ...later, unusedAdmin: () => Promise.resolve(KEY) })
  assert.equal(key, KEY)
  assert.equal(at.json(at.adminFile).secretKey, 'secret')
  assert.equal(at.json(at.profileFile).profiles.default.accessKeyId, KEY.id)
})

test('a later start leaves an admin.json alone that is gone or damaged', async () => {
  using at = world()
  const later = { ...at.deps, isFirstStart: false }
  assert.equal(await firstStart(later), undefined)
  writeFileSync(at.adminFile, '{ "endpoint":')
  assert.equal(await firstStart(later), undefined)
  assert.equal(readFileSync(at.adminFile, 'utf8'), '{ "endpoint":')
})

test('another platform’s profile stays, and ours stands beside it', async () => {
  using at = world()
  const theirs = { endpoint: 'https://cloud.example', accessKeyId: 'ck' }
  at.profile(JSON.stringify({ current: 'default', profiles: { default: theirs }, colour: 'blue' }))
  await firstStart(at.deps)
  const { current, profiles, colour } = at.json(at.profileFile)
  assert.deepEqual([current, profiles.default, colour], ['default', theirs, 'blue'])
  assert.equal(profiles.instanceinstance.endpoint, ENDPOINT)
})

test('a profile of an earlier platform at the same address is replaced', async () => {
  using at = world()
  const old = { endpoint: ENDPOINT, accessKeyId: 'ckold' }
  at.profile(JSON.stringify({ current: 'default', profiles: { default: old } }))
  await firstStart(at.deps)
  assert.equal(at.json(at.profileFile).profiles.default.accessKeyId, KEY.id)
})

test('a profile that cannot be read is the user’s, and stays', async () => {
  using at = world()
  for (const text of ['not JSON', '{"profiles": 1}']) {
    at.profile(text)
    await firstStart(at.deps)
    assert.equal(readFileSync(at.profileFile, 'utf8'), text)
  }
})
