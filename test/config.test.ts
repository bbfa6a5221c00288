import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { profileFileOf, readSettings, SettingsError } from '../src/config.ts'
import { hostPort, hostPortText } from '../src/instance.ts'
import { jsonLog } from '../src/log.ts'

const read = (env: Record<string, string | undefined>, uid = 0) =>
  readSettings({ env, uid, home: '/home/ada' })

/** A settings file with this text, for as long as `use` takes. */
function withFile(text: string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-config-'))
  const path = join(folder, 'settings')
  writeFileSync(path, text)
  try {
    use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('readSettings() has a default for everything, for root and for others', () => {
  const settings = read({})
  assert.equal(settings.CLOUDLET_DATA_DIR, '/var/lib/cloudlet')
  assert.equal(read({}, 1000).CLOUDLET_DATA_DIR, '/home/ada/.local/share/cloudlet')
  assert.equal(settings.CLOUDLET_DOMAIN, 'cloud.local')
  assert.equal(settings.CLOUDLET_INTERNAL_DOMAIN, 'internal')
  assert.equal(settings.CLOUDLET_DEMO, true)
  assert.equal(settings.CLOUDLET_API_ADDRESS, undefined)
  assert.ok(Object.isFrozen(settings))
})

test('readSettings() reads flags, amounts and none at all', () => {
  assert.equal(read({ CLOUDLET_DEMO: '0' }).CLOUDLET_DEMO, false)
  assert.equal(read({ CLOUDLET_UNISOLATED: '1' }).CLOUDLET_UNISOLATED, true)
  assert.equal(read({ CLOUDLET_TENANT_CONTAINERS: '' }).CLOUDLET_TENANT_CONTAINERS, null)
  assert.equal(read({ CLOUDLET_TENANT_CONTAINERS: '0' }).CLOUDLET_TENANT_CONTAINERS, 0)
  assert.equal(read({ PATH: '/bin', CLOUDLET_ENDPOINT: 'x' }).CLOUDLET_DEMO, true)
})

test('readSettings() says which setting is wrong, in one sentence', () => {
  for (const [name, value] of [
    ['CLOUDLET_API_ADDRESS', '127.0.0.1'],
    ['CLOUDLET_API_ADDRESS', '127.0.0.1:65536'],
    ['CLOUDLET_API_ADDRESS', '127.0.0.256:80'],
    ['CLOUDLET_DNS_ADDRESS', '[::g]:53'],
    ['CLOUDLET_DNS_ADDRESS', '[:::]:53'],
    ['CLOUDLET_DNS_UPSTREAMS', 'dns.example'],
    ['CLOUDLET_DNS_SECONDARIES', '192.0.2.0/24'],
    ['CLOUDLET_INGRESS_PROXY_FROM', 'balancer.example'],
    ['CLOUDLET_INGRESS_TRUSTED_PROXIES', '10.0.0.1/8'],
    ['CLOUDLET_DNS_UPSTREAMS', '9.9.9.9,tls://9.9.9.9'],
    ['CLOUDLET_DNS_UPSTREAMS', '9.9.9.9:70000'],
    ['CLOUDLET_DOMAIN', 'Cloud.Local'],
    ['CLOUDLET_ADDRESS_POOL', '10.0.0.0'],
    ['CLOUDLET_TENANT_CPU_MILLI', '-1'],
    ['CLOUDLET_TENANT_CPU_MILLI', 'NaN'],
    ['CLOUDLET_INGRESS_WORKERS', '0'],
    ['CLOUDLET_LOG_LEVEL', 'loud'],
    ['CLOUDLET_DEMO', 'perhaps'],
  ] as const) {
    assert.throws(
      () => read({ [name]: value }),
      (error) => error instanceof SettingsError && error.message.includes(name),
      `${name}=${value}`,
    )
  }
  for (const address of [':80', '127.0.0.1:0', '[::1]:53', 'localhost:7070', '[::]:443']) {
    assert.equal(read({ CLOUDLET_API_ADDRESS: address }).CLOUDLET_API_ADDRESS, address)
  }
})

test('readSettings() takes no name for the API that is near the names of tenants, and says why', () => {
  const apart = { CLOUDLET_API_HOST: 'api.example.com', CLOUDLET_DOMAIN: 'apps.example.com' }
  assert.equal(read(apart).CLOUDLET_API_HOST, 'api.example.com')
  for (const [host, domain, why] of [
    [
      'cloud.example',
      'cloud.example',
      /CLOUDLET_API_HOST: cloud\.example is cloud\.example, where/,
    ],
    ['api.cloud.example', 'cloud.example', /api\.cloud\.example is within cloud\.example, where/],
    ['example.com', 'apps.example.com', /example\.com is above apps\.example\.com, where/],
    ['api.localhost', 'cloud.example', /is within localhost/],
    ['api.internal', 'cloud.example', /is within internal/],
    ['api', 'cloud.example', /a name with a domain is wanted/],
    ['192.0.2.1', 'cloud.example', /a name is wanted/],
    ['API.example.com', 'cloud.example', /a domain in lower case/],
  ] as const) {
    assert.throws(() => read({ CLOUDLET_API_HOST: host, CLOUDLET_DOMAIN: domain }), why)
  }
})

test('readSettings() refuses a name that it does not know: it may be mistyped', () => {
  assert.throws(() => read({ CLOUDLET_DOMAIM: 'x' }), /Unknown setting CLOUDLET_DOMAIM/)
})

test('readSettings() takes a file, over which the environment wins', () => {
  withFile('# a comment\n\nCLOUDLET_DOMAIN=a.example\nCLOUDLET_DEMO=0\n', (path) => {
    const settings = read({ CLOUDLET_CONFIG_FILE: path, CLOUDLET_DEMO: '1' })
    assert.deepEqual([settings.CLOUDLET_DOMAIN, settings.CLOUDLET_DEMO], ['a.example', true])
  })
  withFile('CLOUDLET_DEMO=0\nnonsense\n', (path) => {
    assert.throws(() => read({ CLOUDLET_CONFIG_FILE: path }), /line 2: not NAME=value/)
    assert.throws(() => read({ CLOUDLET_CONFIG_FILE: `${path}-not-there` }), SettingsError)
  })
})

test('profileFileOf() goes by the XDG folder where one is set', () => {
  const world = { env: {}, uid: 0, home: '/home/ada' }
  assert.equal(profileFileOf(world), '/home/ada/.config/cloudlet/profile.json')
  const env = { XDG_CONFIG_HOME: '/etc/xdg' }
  assert.equal(profileFileOf({ ...world, env }), '/etc/xdg/cloudlet/profile.json')
})

test('hostPort() and hostPortText() undo each other', () => {
  for (const text of ['127.0.0.1:80', '[::]:443', '[fd00::1]:53', 'localhost:1']) {
    assert.equal(hostPortText(hostPort(text)), text)
  }
  assert.deepEqual(hostPort(':80'), { host: '::', port: 80 })
})

function logged(least: 'debug' | 'warn' = 'debug') {
  const lines: string[] = []
  const log = jsonLog({
    part: 'test',
    least,
    now: () => new Date(0),
    write: (line) => lines.push(line),
  })
  return { log, lines }
}

test('jsonLog() writes one document a line, from its level on', () => {
  const { log, lines } = logged('warn')
  log('info', 'too small')
  log('warn', 'a line\nwith more', { id: 'x' })
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'warn',
        part: 'test',
        message: 'a line\nwith more',
        id: 'x',
      },
    ],
  )
  assert.equal(lines[0]?.split('\n').length, 2)
})

test('jsonLog() tells an error with its causes, and cuts what is over-long', () => {
  const { log, lines } = logged()
  const error = new Error('outer', { cause: new TypeError('inner') })
  log('error', 'x', { error, long: 'y'.repeat(10_000), big: 10n })
  const said = JSON.parse(lines[0] ?? '')
  assert.deepEqual(
    [said.error.message, said.error.cause.name, said.big],
    ['outer', 'TypeError', '10'],
  )
  assert.ok(said.long.length < 5000)
})

test('jsonLog() never throws: what it cannot write it names', () => {
  const { log, lines } = logged()
  const circle: { self?: unknown } = {}
  circle.self = circle
  log('error', 'in a circle', { circle })
  const said = JSON.parse(lines[0] ?? '')
  assert.deepEqual([said.message, said.unwritable], ['in a circle', ['circle']])
})

test('readSettings() reads rates and origins, and refuses what only looks like one', () => {
  const settings = read({
    CLOUDLET_RATE_KEY: '5/20',
    CLOUDLET_CORS_ORIGINS: 'https://a.example, http://b:81',
  })
  assert.deepEqual(settings.CLOUDLET_RATE_KEY, { perSecond: 5, burst: 20 })
  assert.deepEqual(settings.CLOUDLET_RATE_TENANT, { perSecond: 200, burst: 2000 })
  assert.deepEqual(settings.CLOUDLET_CORS_ORIGINS, ['https://a.example', 'http://b:81'])
  assert.deepEqual(read({}).CLOUDLET_CORS_ORIGINS, [])
  for (const rate of ['0/1', '5', '5/0', '-1/5', '1/2/3']) {
    assert.throws(() => read({ CLOUDLET_RATE_KEY: rate }), SettingsError, rate)
  }
  for (const origin of [
    '*',
    'https://a.example/',
    'https://A.example',
    'a.example',
    'null',
    'https://*.a',
  ]) {
    assert.throws(() => read({ CLOUDLET_CORS_ORIGINS: origin }), SettingsError, origin)
  }
})

test('an identity provider is trusted with TLS or on this machine, and not without a client id', () => {
  const client = { CLOUDLET_OIDC_CLIENT_ID: 'cloudlet' }
  for (const issuer of ['https://id.example', 'http://127.0.0.1:4000', 'http://localhost:4000']) {
    assert.equal(read({ ...client, CLOUDLET_OIDC_ISSUER: issuer }).CLOUDLET_OIDC_ISSUER, issuer)
  }
  for (const issuer of ['http://id.example', 'http://127.0.0.1.evil.example', 'id.example']) {
    assert.throws(() => read({ ...client, CLOUDLET_OIDC_ISSUER: issuer }), /CLOUDLET_OIDC_ISSUER/)
  }
  assert.throws(() => read({ CLOUDLET_OIDC_ISSUER: 'https://id.example' }), /goes together/)
  for (const wrong of ['ops', 'ops=boss@*', 'ops=admin@Shop', 'ops=admin']) {
    assert.throws(() => read({ CLOUDLET_OIDC_ROLES: wrong }), /CLOUDLET_OIDC_ROLES/)
  }
  const roles = 'ops=admin@*, shop dev=member@shop'
  assert.equal(read({ CLOUDLET_OIDC_ROLES: roles }).CLOUDLET_OIDC_ROLES, roles)
  for (const url of ['nowhere', 'https://x.example/', 'http://x.example/v1/auth/callback']) {
    assert.throws(() => read({ CLOUDLET_OIDC_REDIRECT_URL: url }), /CLOUDLET_OIDC_REDIRECT_URL/)
  }
})
