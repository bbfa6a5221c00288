import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { x509Authority } from '../../src/adapters/x509-authority.ts'
import { thisRuntime } from '../../src/supervisor/runtime.ts'
import { desk } from './command-line.ts'
import { KEY_ID } from './samples.ts'

/** Endpoints over TLS, as the program itself calls them: whom it trusts is a matter of its whole process. */

const authority = x509Authority()

/** A fake platform behind TLS, with an authority of its own, and a user of it. */
async function secureDesk(name = 'localhost') {
  const user = await desk()
  const ca = await authority.create('An authority', Date.now())
  const [leaf] = await authority.issue(ca, [[name]], Date.now())
  assert.ok(leaf)
  const { port } = new URL(user.platform.endpoint)
  const server = createServer({ cert: leaf.chain, key: leaf.key }, (socket) => {
    const inner = connect({ host: '127.0.0.1', port: Number(port) })
    socket.on('error', () => inner.destroy()).on('close', () => inner.destroy())
    inner.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens at a port
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`
  const caFile = join(user.home, 'ca.pem')
  await writeFile(caFile, ca.chain)

  async function type(line: string, stdin = '', more: Readonly<Record<string, string>> = {}) {
    const [program = '', ...args] = thisRuntime().command('src/cli/main.ts')
    const env = { PATH: process.env['PATH'], HOME: user.home, ...more }
    const child = spawn(program, [...args, ...line.split(' ')], { env })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    }
    child.stdin.end(stdin)
    const [code] = await once(child, 'close')
    return { code: Number(code), said }
  }

  const profilePath = join(user.home, '.config', 'cloudlet', 'profile.json')
  return {
    endpoint,
    caFile,
    ca: ca.chain,
    user,
    type,
    profilePath,
    profile: async () => JSON.parse(await readFile(profilePath, 'utf8')).profiles.default,
    async [Symbol.asyncDispose]() {
      await user[Symbol.asyncDispose]()
      server.close()
    },
  }
}

test('login --ca keeps the authority in the profile, which every later command trusts', async () => {
  await using at = await secureDesk()
  const { endpoint, caFile, ca, profilePath } = at
  const login = `login --endpoint ${endpoint} --access-key-id ${KEY_ID}`
  const first = await at.type(`${login} --ca ${caFile}`, 'the-secret\n')
  assert.equal(first.code, 0, first.said)
  assert.equal((await at.profile()).ca.trim(), ca.trim())
  assert.equal((await stat(profilePath)).mode & 0o777, 0o600)
  const listed = await at.type('ps')
  assert.equal(listed.code, 0, listed.said)
  assert.equal(at.user.platform.ids.at(-1), 'containers.list')
  // Who signs in there again need not bring it again.
  const again = await at.type(login, 'the-secret\n')
  assert.equal(again.code, 0, again.said)
  assert.equal((await at.profile()).ca.trim(), ca.trim())
})

test('an authority that nobody named is not trusted: nothing is sent, and it is said what to do', async () => {
  await using at = await secureDesk()
  await using other = await secureDesk()
  const login = `login --endpoint ${at.endpoint} --access-key-id ${KEY_ID}`
  for (const line of [login, `${login} --ca ${other.caFile}`]) {
    // oxlint-disable-next-line no-await-in-loop -- the machine is shared
    const { code, said } = await at.type(line, 'the-secret\n')
    assert.equal(code, 3, said)
    assert.match(said, /Cannot trust the certificate of https:\/\/localhost:\d+: no authority/)
    assert.match(said, /cloudlet trust --out ca\.pem.*cloudlet login --endpoint \S+ --ca ca\.pem/)
    assert.doesNotMatch(said, /is it running/)
  }
  assert.deepEqual(at.user.platform.ids, [])
})

test('a certificate for another name is not taken, whoever has signed it', async () => {
  await using at = await secureDesk('elsewhere.example')
  const line = `login --endpoint ${at.endpoint} --access-key-id ${KEY_ID} --ca ${at.caFile}`
  const { code, said } = await at.type(line, 'the-secret\n')
  assert.equal(code, 3, said)
  assert.match(said, /Cannot trust the certificate of .*: it is for another name/)
  assert.deepEqual(at.user.platform.ids, [])
})

test('CLOUDLET_CA_FILE names the authority for who has no profile', async () => {
  await using at = await secureDesk()
  const env = {
    CLOUDLET_ENDPOINT: at.endpoint,
    CLOUDLET_API_KEY: 'an-api-key',
    CLOUDLET_TENANT: 'demo',
  }
  assert.equal((await at.type('ps', '', env)).code, 3)
  const { code, said } = await at.type('ps', '', { ...env, CLOUDLET_CA_FILE: at.caFile })
  assert.equal(code, 0, said)
})

test('login refuses an authority that is none, and one for an endpoint in clear', async () => {
  await using user = await desk()
  const file = join(user.home, 'ca.pem')
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const login = (endpoint: string) =>
    user.typeAlone(['login', '--endpoint', endpoint, '--api-key', '--ca', file])
  assert.match((await login('https://localhost:1')).stderr, /Cannot read the authority in .*ENOENT/)
  for (const text of ['', 'no certificate', broken]) {
    // oxlint-disable-next-line no-await-in-loop -- one file
    await writeFile(file, text)
    // oxlint-disable-next-line no-await-in-loop -- one file
    const { code, stderr } = await login('https://localhost:1')
    assert.equal(code, 2)
    assert.match(stderr, /it holds no certificate \(PEM\)\n.*cloudlet trust --out ca\.pem/)
  }
  const { chain } = await authority.create('An authority', Date.now())
  await writeFile(file, chain)
  assert.match((await login('http://127.0.0.1:1')).stderr, /without https there is no certificate/)
})
