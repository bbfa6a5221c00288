import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { desk } from './command-line.ts'
import { problem } from './fake-platform.ts'
import { KEY_ID, newKey, whoami } from './samples.ts'

const profileOf = (home: string) => join(home, '.config', 'cloudlet', 'profile.json')

test('login keeps the key in a profile that only its owner can read', async () => {
  await using user = await desk()
  const argv = ['login', '--endpoint', user.platform.endpoint, '--access-key-id', KEY_ID]
  const { code, stderr } = await user.typeAlone(argv, { stdin: 'the-secret\n' })
  assert.equal(code, 0, stderr)
  const path = profileOf(user.home)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(join(path, '..')), ['profile.json'])
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
    current: 'default',
    profiles: {
      default: {
        endpoint: user.platform.endpoint,
        accessKeyId: KEY_ID,
        secretKey: 'the-secret',
        version: 1,
        tenant: 'demo',
      },
    },
  })
})

test('after login a command needs nothing else, and sends a token made from the secret', async () => {
  await using user = await desk()
  const endpoint = user.platform.endpoint
  const login = ['login', '--endpoint', endpoint, '--access-key-id', KEY_ID, '--key-version', '3']
  await user.typeAlone(login, { stdin: 'the-secret' })
  const { code, stderr } = await user.typeAlone(['ps'])
  assert.equal(code, 0, stderr)
  const { params, token = '' } = user.platform.asked.at(-1) ?? {}
  assert.deepEqual(params, { tenant: 'demo' })
  assert.equal(decodeProtectedHeader(token ?? '').kid, `${KEY_ID}.3`)
  const { sub, exp = 0, iat = 0 } = decodeJwt(token ?? '')
  assert.equal(sub, KEY_ID)
  assert.ok(exp - iat <= 900)
})

test('login that the platform refuses keeps nothing', async () => {
  await using user = await desk({
    'whoami.get': () => problem(401, 'invalid-token', { hint: 'no' }),
  })
  const argv = ['login', '--endpoint', user.platform.endpoint, '--api-key']
  const { code } = await user.typeAlone(argv, { stdin: 'wrong' })
  assert.equal(code, 4)
  assert.deepEqual(await readdir(user.home), [])
})

test("login without options takes the key of this machine's platform", async () => {
  await using user = await desk({ 'whoami.get': () => ({ value: { ...whoami, tenant: null } }) })
  const folder = join(user.home, '.local', 'share', 'cloudlet')
  const { endpoint } = user.platform
  const admin = { endpoint, accessKeyId: KEY_ID, secretKey: 's', apiKey: 'a' }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'admin.json'), JSON.stringify(admin))
  const { code, stdout } = await user.typeAlone(['login', '--tenant', 'demo'])
  assert.equal(code, 0)
  assert.match(stdout, /with a key of the platform/)
  assert.equal((await user.typeAlone(['ps'])).code, 0)
  assert.deepEqual(user.platform.asked.at(-1)?.params, { tenant: 'demo' })
})

test('on a terminal login asks for what it was not told', async () => {
  await using user = await desk()
  const around = { isTty: true, stdin: `${user.platform.endpoint}\n${KEY_ID}\nthe-secret` }
  const { code, stderr } = await user.typeAlone(['login'], around)
  assert.equal(code, 0, stderr)
  const { profiles } = JSON.parse(await readFile(profileOf(user.home), 'utf8'))
  assert.equal(profiles.default.secretKey, 'the-secret')
})

test('several profiles stand beside each other, and the last one signed in is used', async () => {
  await using user = await desk()
  const { endpoint } = user.platform
  for (const name of ['one', 'two']) {
    const argv = ['login', '--profile', name, '--endpoint', endpoint, '--api-key']
    // oxlint-disable-next-line no-await-in-loop -- the second must find the first
    await user.typeAlone(argv, { stdin: `key-${name}` })
  }
  await user.typeAlone(['ps'])
  assert.equal(user.platform.asked.at(-1)?.token, 'key-two')
  await user.typeAlone(['ps', '--profile', 'one'])
  assert.equal(user.platform.asked.at(-1)?.token, 'key-one')
  await user.typeAlone(['ps'], { env: { CLOUDLET_PROFILE: 'one' } })
  assert.equal(user.platform.asked.at(-1)?.token, 'key-one')
})

test('the key of a profile is not shown to another endpoint', async () => {
  await using user = await desk()
  await using other = await desk()
  const argv = ['login', '--endpoint', user.platform.endpoint, '--api-key']
  await user.typeAlone(argv, { stdin: 'the-key' })
  const { code } = await user.typeAlone(['ps', '--endpoint', other.platform.endpoint])
  assert.equal(code, 4)
  assert.deepEqual(other.platform.ids, [])
})

test('the tenant of the key is asked for once and kept in the profile', async () => {
  await using user = await desk({ 'whoami.get': () => ({ value: { ...whoami, tenant: 'shop' } }) })
  const path = profileOf(user.home)
  await mkdir(join(path, '..'), { recursive: true })
  const profiles = { default: { endpoint: user.platform.endpoint, apiKey: 'k' } }
  await writeFile(path, JSON.stringify({ current: 'default', profiles }))
  await user.typeAlone(['ps'])
  await user.typeAlone(['ps'])
  assert.deepEqual(user.platform.ids, ['whoami.get', 'containers.list', 'containers.list'])
  assert.deepEqual(user.platform.asked.at(-1)?.params, { tenant: 'shop' })
})

test('rotating the key of the profile keeps its owner signed in', async () => {
  await using user = await desk()
  const argv = ['login', '--endpoint', user.platform.endpoint, '--access-key-id', KEY_ID]
  await user.typeAlone(argv, { stdin: 'old' })
  assert.equal((await user.typeAlone(['key', 'rotate', KEY_ID])).code, 0)
  const { profiles } = JSON.parse(await readFile(profileOf(user.home), 'utf8'))
  assert.equal(profiles.default.secretKey, newKey.secretKey)
  assert.equal(profiles.default.version, newKey.version)
})

test('a profile that is no JSON is refused, and left as it is', async () => {
  await using user = await desk()
  const path = profileOf(user.home)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, '{ broken')
  const { code, stderr } = await user.typeAlone(['ps'])
  assert.equal(code, 1)
  assert.match(stderr, /Cannot understand the profiles in/)
  assert.equal(await readFile(path, 'utf8'), '{ broken')
})

test('a password is never taken from the command line', async () => {
  await using user = await desk()
  const { code } = await user.type('registry login host:5000 -u ann --password x', { stdin: 'p' })
  assert.equal(code, 2)
  await user.type('registry login host:5000 -u ann', { stdin: 'p w\n' })
  assert.deepEqual(user.platform.asked.at(-1)?.body, { username: 'ann', password: 'p w' })
})
