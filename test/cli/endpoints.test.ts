import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GLOBAL_OPTIONS } from '../../src/cli/arguments.ts'
import { endpointCommands } from '../../src/cli/endpoint-commands.ts'
import { ENDPOINTS } from '../../src/contract/all.ts'
import { desk } from './command-line.ts'
import { container, KEY_ID, pending, SAMPLES } from './samples.ts'

/** What the fields that an endpoint needs are given. */
const FLAGS: Readonly<Record<string, string>> = {
  'containers.create': '--name hello --image demo',
  'containers.status': '--containers hello',
  'containers.rename': '--name other',
  'containers.attach': '--network back',
  'networks.create': '--name back',
  'firewalls.create': '--name db',
  'certificates.put': '--chain pem --key pem',
  'peerings.create': '--network default',
  'peerings.accept': '--network default',
  'routes.create': '--name shop --hosts shop.demo.cloud.local',
  'domains.claim': '--name example.org',
  'tunnels.create': '--port 5432',
  'registries.put': '--username ann --password secret',
  'tenants.create': '--slug demo',
  'secrets.put': '--value a-secret',
  'secrets.rollback': '--version 1',
  'tenant-audit.verify-given': '--entries []',
  'platform-audit.verify-given': '--entries []',
  'images.share': '--image demo',
  'users.create': '--email ann@example.com',
  'platform-users.create': '--email ann@example.com',
  'auth.exchange': `--code ${'c'.repeat(43)} --verifier ${'v'.repeat(43)}`,
}
const VALUES: Readonly<Record<string, string>> = {
  tenant: 'demo',
  container: 'hello',
  operation: 'o0000000000000aa',
  host: '127.0.0.1:5000',
  secret: 'db-password',
  network: 'default',
  firewall: 'db',
  certificate: 'shop',
  peering: 'p0000000000000bb',
  route: 'shop',
  domain: 'example.org',
  key: KEY_ID,
  user: 'p0000000000000aa',
  session: 's0000000000000aa',
}

function lineOf(id: string, path: string): string {
  const values = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => VALUES[name] ?? name)
  return [...id.split('.'), ...values, FLAGS[id] ?? ''].filter((word) => word !== '').join(' ')
}

test('every endpoint has a command of its words, and it calls that endpoint', async () => {
  await using user = await desk()
  for (const { id, path } of ENDPOINTS) {
    // oxlint-disable-next-line no-await-in-loop -- one platform records them in order
    const { code, stderr, stdout } = await user.type(lineOf(id, path))
    assert.equal(code, 0, `${id}: ${stderr}`)
    assert.notEqual(stdout, '', id)
  }
  assert.deepEqual(
    user.platform.ids,
    ENDPOINTS.map(({ id }) => id),
  )
})

test('every endpoint has a sample answer that fits its contract', () => {
  for (const { id, response } of ENDPOINTS) {
    const sample = SAMPLES[id]
    const values = sample?.lines ?? [sample?.value]
    for (const value of values) assert.ok(response.safeParse(value).success, id)
  }
})

test('no field of an endpoint has the name of an option of every command', () => {
  const taken = endpointCommands().flatMap(({ options }) =>
    Object.keys(options).filter((name) => Object.hasOwn(GLOBAL_OPTIONS, name)),
  )
  assert.deepEqual(taken, [])
})

test('flags of an endpoint become JSON of the right types', async () => {
  await using user = await desk()
  const argv = `containers create --name web --image demo --memory-bytes 67108864
    --command a --command b|c --env A=1=2 --ports [{"port":80}] --health-check.type http
    --health-check.port 80 --no-start --publish`
    .split(/\s+/)
    .map((word) => word.replace('|', ' '))
  const env = {
    CLOUDLET_ENDPOINT: user.platform.endpoint,
    CLOUDLET_API_KEY: 'k',
    CLOUDLET_TENANT: 'demo',
  }
  const done = await user.typeAlone(argv, { env })
  assert.equal(done.code, 0, done.stderr)
  const { body, params } = user.platform.asked[0] ?? {}
  assert.deepEqual(params, { tenant: 'demo' })
  assert.equal(body?.['memoryBytes'], 67_108_864)
  assert.deepEqual(body?.['command'], ['a', 'b c'])
  assert.deepEqual(body?.['env'], { A: '1=2' })
  assert.equal(body?.['start'], false)
  assert.equal(body?.['publish'], true)
  assert.deepEqual(body?.['ports'], [{ port: 80, protocol: 'tcp', app: false }])
  assert.deepEqual(body?.['healthCheck'], {
    type: 'http',
    port: 80,
    path: '/',
    intervalSeconds: 10,
    timeoutSeconds: 5,
    retries: 3,
    successes: 1,
    startPeriodSeconds: 30,
  })
})

test('a limit of null takes the limit away', async () => {
  await using user = await desk()
  const { code, stderr } = await user.type('tenants update demo --limits.containers null')
  assert.equal(code, 0, stderr)
  assert.deepEqual(user.platform.asked[0]?.body, { limits: { containers: null } })
})

test('a tenant to be changed or deleted is never taken from the profile', async () => {
  await using user = await desk()
  const { code, stderr } = await user.type('tenants delete')
  assert.equal(code, 2)
  assert.match(stderr, /Missing <tenant>/)
  assert.deepEqual(user.platform.ids, [])
})

test('a change that was waited for and still goes on ends with 7', async () => {
  await using user = await desk()
  user.platform.on('containers.stop', () => ({
    value: { resource: container, operation: pending },
  }))
  assert.equal((await user.type('containers stop demo hello')).code, 0)
  assert.equal((await user.type('containers stop demo hello --wait 1')).code, 7)
})

test('of what an endpoint shows a part can be asked for, and of what it changes none', async () => {
  await using user = await desk()
  user.platform.on('containers.list', () => ({
    value: { items: [{ name: 'hello' }], nextCursor: null },
  }))
  const listed = await user.type('containers list demo --fields name,state --limit 5')
  assert.equal(listed.code, 0, listed.stderr)
  assert.equal(listed.stdout, 'NAME\nhello\n')
  const { query } = user.platform.asked[0] ?? {}
  assert.equal(query?.['limit'], 5)
  assert.deepEqual(query?.['fields'], ['name', 'state'])
  const changed = await user.type('containers stop demo hello --fields name')
  assert.equal(changed.code, 2)
  assert.match(changed.stderr, /--fields/)
})
