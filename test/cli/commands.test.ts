import assert from 'node:assert/strict'
import { NETWORK_LINES } from './network-lines.ts'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { desk } from './command-line.ts'
import { problem } from './fake-platform.ts'
import { container, KEY_ID, newKey, operation, pending, TIME, whoami } from './samples.ts'
import { removal, tenant } from './tenant-samples.ts'

/** One line of every command written by hand, and what a user reads of it. */
const LINES: Readonly<Record<string, readonly [string, RegExp]>> = {
  up: ['up', /^$/],
  uninstall: ['uninstall --yes', /^$/],
  'backup db': ['backup db', /^cloudlet-2026-01-02T03-04-05.000Z.db\n$/],
  'backup list': ['backup list', /cloudlet-2026.* 1 MiB +abababababab/],
  restore: ['restore --yes /tmp/a.db', /^$/],
  demo: ['demo', /URL +http:\/\/hello\.demo\.cloud\.local\/\nState +running/],
  login: ['login --api-key', /Signed in at http:.* with a key of tenant "demo", role member\n/],
  run: ['run cloudlet/demo', /^hello \(c0000000000000aa\) is running\nhttp:\/\/hello\.demo/],
  ps: [
    'ps',
    /^NAME +IMAGE +STATE +HEALTH +RESTARTS +ADDRESS +URL\nhello +cloudlet\/demo:latest +running/,
  ],
  logs: ['logs hello', /^one\n$/],
  metrics: ['metrics hello', /CPU +12\.5 % \(1\.50 s\)\nMemory +1 MiB of 256 MiB\nPids +3\n/],
  stop: ['stop hello', /^hello\n$/],
  start: ['start hello', /^hello\n$/],
  restart: ['restart hello', /^hello\n$/],
  rename: ['rename hello other', /^other\n$/],
  resize: ['resize hello --memory 1g --cpu 500m', /^hello has \S+ CPUs, .*iB, \d+ pids\n$/],
  rm: ['rm --force hello', /^hello\n$/],
  inspect: ['inspect hello', /"hostname": "hello\.demo\.internal"/],
  usage: [
    'usage',
    /containers +11 +3 +10 +110 % over limit\ncpu +1500m +42m +4 +38 %\nmemory +256 MiB +- +none +-\n/,
  ],
  doctor: ['doctor', /^CHECK +RESULT +MEANING +TODO\nengine +ok +It answers +-\nclock +warning/],
  'dns setup': [
    'dns setup --for dnsmasq',
    /^# \/etc\/dnsmasq\.d\/cloudlet\.conf\nserver=\/cloud\.local\/127/,
  ],
  trust: ['trust', /^-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n$/],
  'node list': ['node list', /local +ready +everything +29\.5\.1 +2 +8 GiB +3\n/],
  'node show': [
    'node show',
    /Runtimes +runc runsc\nRunning +3\nReserved +4 containers, 1500m CPUs/,
  ],
  'node cordon': ['node cordon', /^local takes nothing new\n$/],
  'node drain': ['node drain local', /^local takes nothing\n$/],
  'node uncordon': ['node uncordon', /^local takes everything\n$/],
  gc: ['gc --release-brake', /^WHAT +KIND +NAME.*\nremoved +container +cl-demo-container-c1/],
  ops: ['ops', /^ID +KIND +TARGET +STATE/],
  'ops list': ['ops list --limit 5', /o0000000000000aa +containers\.create +hello +succeeded/],
  'ops show': ['ops show o0000000000000aa', /State +succeeded/],
  'ops wait': ['ops wait o0000000000000aa', /State +succeeded/],
  'ops cancel': ['ops cancel o0000000000000aa', /State +cancelled/],
  audit: ['audit', /containers\.create +hello +accepted +202/],
  events: ['events', /^7 .* warning demo container\.exited Container "hello" ended/],
  'audit list': ['audit list --since 1h --action containers.create', /containers\.create +hello/],
  'audit verify': ['audit verify', /Good entries +1\nHead +1:m+\nVerdict +good\n/],
  'audit export': ['audit export', /^\{"chain":"t0000000000000aa","seq":1,/],
  'image list': ['image list', /cloudlet\/demo:latest +abc +yes/],
  'image share': ['image share cloudlet/demo:latest', /^cloudlet\/demo:latest\n$/],
  ...NETWORK_LINES,
  'registry login': ['registry login 127.0.0.1:5000 -u ann', /^127\.0\.0\.1:5000 as ann\n$/],
  'registry list': ['registry list', /127\.0\.0\.1:5000 +ann/],
  'registry logout': ['registry logout 127.0.0.1:5000', /^127\.0\.0\.1:5000\n$/],
  'secret set': ['secret set db-password', /^Secret +db-password\nVersion +2\n/],
  'secret list': ['secret list', /db-password +2 +16 B/],
  'secret show': ['secret show db-password', /Used by +hello\n/],
  'secret rollback': ['secret rollback db-password 1', /Version +2\n/],
  'secret rm': ['secret rm db-password', /^db-password\n$/],
  'tenant create': ['tenant create demo --memory none', /demo +10 +4 +none +baseline/],
  'tenant list': ['tenant list', /^SLUG +CONTAINERS/],
  'tenant show': ['tenant show', /demo +10/],
  'tenant update': ['tenant update demo --cpu 2', /demo +10/],
  'tenant suspend': ['tenant suspend demo --reason unpaid', /demo +10 .* active +-/],
  'tenant resume': ['tenant resume demo', /demo +10/],
  'tenant delete': ['tenant delete demo', /^demo\n$/],
  'key create': ['key create --role read', /Secret +new-secret\n/],
  'key list': ['key list', /ck0123456789abcdef +member +valid +never/],
  'key revoke': [`key revoke ${KEY_ID}`, /^ck0123456789abcdef\n$/],
  'key rotate': [`key rotate ${KEY_ID}`, /Version +2\n/],
  'key token': [`key token ${KEY_ID}`, /^a-token\n$/],
  'user invite': ['user invite ann@example.com --role read', /^ann@example\.com\n$/],
  'user list': [
    'user list',
    /p0000000000000aa +ann@example\.com +Ann +member +invitation +enabled/,
  ],
  'user set': ['user set ann@example.com --disable', /^ann@example\.com\n$/],
  'user remove': ['user remove p0000000000000aa', /^ann@example\.com\n$/],
  logout: ['logout', /^Signed out at http/],
  'session list': ['session list', /s0000000000000aa +stream +key:ck0123456789abcdef/],
  'session end': ['session end s0000000000000aa', /^s0000000000000aa\n$/],
  whoami: ['whoami', /Tenant +demo\n/],
  version: ['version', /^cloudlet \d+\.\d+\.\d+\n$/],
  completion: ['completion bash', /complete .* cloudlet/],
  help: ['help', /Usage: cloudlet/],
}

/** Goes on until it is interrupted: `port-forward.test.ts`. */
const ENDLESS = 'port-forward'
const ENDING = COMMANDS.filter(({ words }) => words.join(' ') !== ENDLESS)

test('every command written by hand does what it says and ends with 0', async () => {
  await using user = await desk()
  for (const { words } of ENDING) {
    const [line, expected] = LINES[words.join(' ')] ?? ['', /untested/]
    // oxlint-disable-next-line no-await-in-loop -- they share a platform and a profile
    const { code, stdout, stderr } = await user.type(line, { stdin: 'a-secret\n' })
    assert.equal(code, 0, `${line}: ${stderr}`)
    assert.match(stdout, expected)
  }
})

test('every command but those for a shell answers one JSON document with --json', async () => {
  await using user = await desk()
  const plain = new Set(['up', 'restore', 'uninstall', 'completion', 'help'])
  for (const { words } of ENDING.filter(({ words: [first = ''] }) => !plain.has(first))) {
    const line = `--json ${LINES[words.join(' ')]?.[0]}`
    // oxlint-disable-next-line no-await-in-loop -- they share a platform and a profile
    const { code, stdout } = await user.type(line, { stdin: 'a-secret\n' })
    assert.equal(code, 0, line)
    assert.equal(typeof JSON.parse(stdout), 'object', line)
  }
})

test('every command has a help with its usage', async () => {
  await using user = await desk()
  for (const { words } of COMMANDS) {
    // oxlint-disable-next-line no-await-in-loop -- none of them asks anybody
    const { code, stdout } = await user.type(`${words.join(' ')} --help`)
    assert.equal(code, 0)
    assert.ok(stdout.includes(`Usage: cloudlet ${words.join(' ')}`), stdout)
  }
  assert.deepEqual(user.platform.ids, [])
})

test('key create and key rotate send what a key is limited to, and for how long the old one is good', async () => {
  await using user = await desk()
  const line = 'key create --action containers:read --action containers.stop --on container:web'
  assert.equal((await user.type(line)).code, 0)
  assert.deepEqual(user.platform.asked[0]?.body, {
    role: 'member',
    description: '',
    actions: ['containers:read', 'containers.stop'],
    resources: ['container:web'],
  })
  assert.equal((await user.type(`key rotate ${KEY_ID} --grace 1h`)).code, 0)
  assert.deepEqual(user.platform.asked[1]?.query, { graceSeconds: 3600 })
})

test('run sends what was asked for in the units of the API', async () => {
  await using user = await desk()
  const line =
    'run registry:5000/team/My_App:1.2 -e A=1 -e B=x=y -p 53/udp -p 8080 -p 9090/h2c --memory 256m --cpu 0.5 ' +
    '--label team=a --user 1000 --workdir /srv --restart always --publish --policy restricted ' +
    '--health http:8080/healthz --no-start -- serve --port 80'
  const { code, stderr } = await user.type(line)
  assert.equal(code, 0, stderr)
  assert.deepEqual(user.platform.asked[0]?.body, {
    name: 'my-app',
    image: 'registry:5000/team/My_App:1.2',
    command: ['serve', '--port', '80'],
    env: { A: '1', B: 'x=y' },
    ports: [
      { port: 53, protocol: 'udp', app: false },
      { port: 8080, protocol: 'tcp', app: true },
      { port: 9090, protocol: 'tcp', app: false, http2: true },
    ],
    memoryBytes: 268_435_456,
    cpuMilli: 500,
    labels: { team: 'a' },
    user: '1000',
    workingDir: '/srv',
    restart: 'always',
    publish: true,
    policy: 'restricted',
    start: false,
    stopTimeoutSeconds: 10,
    minHealthySeconds: 1,
    healthCheck: {
      type: 'http',
      port: 8080,
      path: '/healthz',
      intervalSeconds: 10,
      timeoutSeconds: 5,
      retries: 3,
      successes: 1,
      startPeriodSeconds: 30,
    },
  })
})

test('run names secrets as files and as variables', async () => {
  await using user = await desk()
  const line = 'run demo -d --secret a --secret b@2:x/y --secret-env DB=a --secret-env K=b@3'
  const { code, stderr } = await user.type(line)
  assert.equal(code, 0, stderr)
  assert.deepEqual(user.platform.asked[0]?.body['secrets'], [
    { name: 'a', version: 'latest' },
    { name: 'b', version: 2, file: 'x/y' },
    { name: 'a', version: 'latest', env: 'DB' },
    { name: 'b', version: 3, env: 'K' },
  ])
  const wrong = await user.type('run demo --secret-env db-password')
  assert.deepEqual([wrong.code, /it is like DB_PASSWORD=/.test(wrong.stderr)], [2, true])
})

test('run makes up another name when the one of the image is taken, but not instead of a given one', async () => {
  await using user = await desk({
    'containers.create': ({ body }) =>
      body['name'] === 'demo'
        ? problem(409, 'name-taken', { kind: 'container', name: 'demo' })
        : { value: { resource: { ...container, name: body['name'] }, operation } },
  })
  const made = await user.type('run cloudlet/demo')
  assert.match(made.stdout, /^demo-id\d+ /)
  const named = await user.type('run cloudlet/demo --name demo')
  assert.equal(named.code, 1)
  assert.match(named.stderr, /^cloudlet: Cannot do it: name-taken\n$/)
})

test('several containers are each tried, failures are reported, and the first of them is the exit code', async () => {
  await using user = await desk({
    'containers.delete': ({ params }) =>
      params['container'] === 'gone'
        ? problem(404, 'not-found')
        : { value: { resource: container, operation } },
  })
  const { code, stdout, stderr } = await user.type('rm a gone b')
  assert.deepEqual([code, stdout], [5, 'a\nb\n'])
  assert.equal(stderr, 'cloudlet: Cannot do it: not-found\n')
})

test('a deletion of a tenant is followed at the platform, and a dry run shows what would go', async () => {
  await using user = await desk({
    'tenants.delete': () => ({ value: { resource: removal, operation: pending } }),
  })
  const done = await user.type('tenant delete demo --cascade')
  assert.deepEqual([done.code, done.stdout], [0, 'demo\n'])
  assert.deepEqual(user.platform.ids, ['tenants.delete', 'operations.find'])
  const dry = await user.type('tenant delete demo --dry-run')
  assert.equal(
    dry.stdout,
    'KIND        COUNT  NAMES\ncontainers  1      hello\nusers       0      -\n',
  )
})

test('a suspended tenant is listed as such, with the reason', async () => {
  const suspension = { since: TIME, reason: 'unpaid' }
  await using user = await desk({
    'tenants.get': () => ({ value: { ...tenant, state: 'suspended', suspension } }),
  })
  const { stdout } = await user.type('tenant show demo')
  assert.match(stdout, /suspended: unpaid/)
})

test('ops --admin lists those of all tenants, or of one that may be gone', async () => {
  await using user = await desk()
  const { stdout } = await user.type(
    '--tenant demo ops --admin --kind tenants.delete --state failed',
  )
  assert.match(stdout, /^TENANT +ID +KIND.*\ndemo +o0000000000000aa/)
  const query = { slug: 'demo', kind: 'tenants.delete', state: 'failed', limit: 100 }
  assert.deepEqual(user.platform.asked.at(-1)?.query, query)
})

test('ps follows the pages to their end', async () => {
  await using user = await desk({
    'containers.list': ({ query }) => {
      const isFirst = query['cursor'] === undefined
      const name = isFirst ? 'one' : 'two'
      return { value: { items: [{ ...container, name }], nextCursor: isFirst ? 'next' : null } }
    },
  })
  const { stdout } = await user.type('ps --json')
  const list = JSON.parse(stdout)
  assert.deepEqual(
    list.items.map(({ name }: { name: string }) => name),
    ['one', 'two'],
  )
  assert.equal(list.nextCursor, null)
})

test('demo makes its tenant and its container when they are missing', async () => {
  let isMade = false
  await using user = await desk({
    'containers.get': () => (isMade ? { value: container } : problem(404, 'not-found')),
    'tenants.get': () => problem(404, 'not-found'),
    'containers.create': () => {
      isMade = true
      return { value: { resource: container, operation } }
    },
  })
  const { code, stdout } = await user.type('demo')
  assert.equal(code, 0)
  assert.match(stdout, /http:\/\/hello\.demo\.cloud\.local\//)
  const ids = [
    'containers.get',
    'tenants.get',
    'tenants.create',
    'containers.create',
    'containers.get',
  ]
  assert.deepEqual(user.platform.ids, ids)
  assert.deepEqual(user.platform.asked[2]?.body, { slug: 'demo', policy: 'baseline' })
  assert.equal(user.platform.asked[3]?.body['image'], 'cloudlet/demo:latest')
})

test('with --admin a key is one of the platform', async () => {
  await using user = await desk()
  await user.type('key create --admin --role operator --expires 30d')
  assert.deepEqual(user.platform.ids, ['platform-keys.create'])
  assert.equal(user.platform.asked[0]?.body['expiresInSeconds'], 2_592_000)
})

test('a key of the platform must be told the tenant', async () => {
  await using user = await desk({ 'whoami.get': () => ({ value: { ...whoami, tenant: null } }) })
  const env = { CLOUDLET_TENANT: '' }
  const without = await user.type('ps', { env })
  assert.equal(without.code, 2)
  assert.match(without.stderr, /--tenant <slug>/)
  const { code } = await user.type(`--tenant ${tenant.slug} ps`, { env })
  assert.equal(code, 0)
})

test('control characters in an answer are shown, not obeyed', async () => {
  const image = 'evil\u001b[2J\u202e\nimage'
  await using user = await desk({
    'containers.list': () => ({ value: { items: [{ ...container, image }], nextCursor: null } }),
  })
  const { stdout } = await user.type('ps')
  assert.ok(stdout.includes(String.raw`evil\x1b[2J\u202e\nimage`), stdout)
})

test('colours are for terminals, and NO_COLOR turns them off', async () => {
  await using user = await desk()
  const isTty = true
  assert.ok((await user.type('ps', { isTty })).stdout.includes('\u001b[32mrunning\u001b[0m'))
  assert.ok(!(await user.type('ps', { isTty, env: { NO_COLOR: '1' } })).stdout.includes('\u001b'))
  assert.ok(!(await user.type('ps')).stdout.includes('\u001b'))
})

test('on a terminal a table fits its width', async () => {
  await using user = await desk()
  const { stdout } = await user.type('ps', { isTty: true, columns: 70, env: { NO_COLOR: '1' } })
  const lengths = stdout.split('\n').map((line) => line.length)
  assert.ok(Math.max(...lengths) <= 70, stdout)
  assert.ok(stdout.includes('…'))
})

test('a secret shown once goes to stdout, the warning about it to stderr', async () => {
  await using user = await desk()
  const { stdout, stderr } = await user.type('key create --json')
  assert.deepEqual(JSON.parse(stdout), newKey)
  assert.equal(stderr, '')
  assert.match((await user.type('key create')).stderr, /shown this once/)
})

test('uninstall does nothing without --yes where nobody can be asked', async () => {
  await using user = await desk()
  const { code, stderr } = await user.type('uninstall')
  assert.equal(code, 2)
  assert.match(stderr, /--yes/)
})

test('doctor ends with 1 where there is a problem, and shows it all the same', async () => {
  await using user = await desk()
  const found = { check: 'keys', result: 'problem', meaning: 'Others read it', todo: 'Run chmod' }
  user.platform.on('platform.doctor', () => ({ value: { healthy: false, items: [found] } }))
  const { code, stdout } = await user.type('doctor')
  assert.equal(code, 1)
  assert.match(stdout, /keys +problem +Others read it +Run chmod/)
})

test('gc shows with --dry-run what would go and why it stays, and ends with 1 where it was too much', async () => {
  await using user = await desk()
  const look = await user.type('gc --dry-run')
  assert.equal(look.code, 0)
  assert.match(look.stdout, /due +container +cl-demo-container-c1/)
  assert.match(look.stderr, /In safe mode \(restored\)[^]*--release-brake/)
  assert.deepEqual(user.platform.ids, ['platform.orphans'])
  user.platform.on('platform.gc', () => ({
    value: { braked: true, removedCount: 0, removed: [] },
  }))
  assert.equal((await user.type('gc')).code, 1)
  assert.deepEqual(user.platform.asked.at(-1)?.body, {})
})
