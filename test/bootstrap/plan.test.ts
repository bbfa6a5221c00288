import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packagesOf, plan } from '../../scripts/bootstrap/plan.js'
import type { Facts, Step } from '../../scripts/bootstrap/plan.js'

/** A Debian machine as it comes: root, no systemd at work, no engine, nobody to ask. */
const FRESH: Facts = {
  mode: 'start',
  linux: true,
  root: true,
  debian: true,
  systemd: false,
  terminal: false,
  checkOnly: false,
  unisolated: false,
  engine: 'silent',
  engineInstalled: false,
  ownSocket: false,
  socket: '/var/run/docker.sock',
  missing: ['docker.io', 'iptables', 'nftables', 'busybox-static'],
}

const READY: Facts = { ...FRESH, engine: 'answers', engineInstalled: true, missing: [] }

function refusal(facts: Facts): Extract<Step, { do: 'refuse' }> {
  const [step, ...others] = plan(facts)
  assert.ok(step?.do === 'refuse')
  assert.deepEqual(others, [])
  return step
}

test('plan() installs, configures and starts the engine on a fresh machine without asking', () => {
  const packages = ['docker.io', 'iptables', 'nftables', 'busybox-static']
  assert.deepEqual(plan(FRESH), [
    { do: 'announce', packages },
    { do: 'install', packages, configureEngine: true },
    { do: 'start-engine', by: 'dockerd' },
    { do: 'judge-engine' },
  ])
})

test('plan() asks exactly once when there is a terminal', () => {
  const steps = plan({ ...FRESH, terminal: true }).map((step) => step.do)
  assert.deepEqual(steps, ['announce', 'ask', 'install', 'start-engine', 'judge-engine'])
})

test('plan() starts an engine that is installed but stopped, and installs none', () => {
  const stopped = { ...FRESH, engineInstalled: true, missing: [] }
  const steps = [{ do: 'start-engine', by: 'dockerd' }, { do: 'judge-engine' }]
  assert.deepEqual(plan(stopped), steps)
  assert.deepEqual(plan({ ...stopped, terminal: true }), steps)
})

test('plan() leaves the start to systemd where that runs', () => {
  const steps = plan({ ...FRESH, systemd: true, engineInstalled: true, missing: [] })
  assert.deepEqual(steps[0], { do: 'start-engine', by: 'systemd' })
})

test('plan() never configures an engine that it did not install', () => {
  const steps = plan({ ...READY, missing: ['nftables'] })
  assert.deepEqual(steps[1], { do: 'install', packages: ['nftables'], configureEngine: false })
  assert.deepEqual(steps.at(-1), { do: 'judge-engine' })
})

test('plan() takes an engine that answers for one that is there, dockerd on the disk or not', () => {
  const remote: Facts = { ...READY, engineInstalled: false, missing: ['docker.io'] }
  assert.deepEqual(plan(remote), [{ do: 'judge-engine' }])
})

test('plan() only judges a machine that has everything', () => {
  assert.deepEqual(plan(READY), [{ do: 'judge-engine' }])
})

test('plan() refuses with the lines to type where it may only check', () => {
  const { sentence, lines } = refusal({ ...FRESH, checkOnly: true })
  assert.match(sentence, /not installed here: docker\.io, iptables, nftables, busybox-static$/)
  assert.deepEqual(lines, [
    'apt-get update',
    'apt-get install --no-install-recommends docker.io iptables nftables busybox-static',
    'dockerd >/var/log/dockerd.log 2>&1 &',
  ])
})

test('plan() goes on in check mode when all is there', () => {
  assert.deepEqual(plan({ ...READY, checkOnly: true }), [{ do: 'judge-engine' }])
})

test('plan() does not start a stopped engine where it may only check', () => {
  const facts = { ...FRESH, checkOnly: true, engineInstalled: true, missing: [], systemd: true }
  assert.deepEqual(refusal(facts).lines, ['systemctl start docker'])
})

test('plan() names packages and installs nothing off the Debian family', () => {
  const { lines } = refusal({ ...FRESH, debian: false })
  assert.match(lines[0] ?? '', /names on this system: docker\.io iptables nftables/)
})

test('plan() starts a stopped engine off the Debian family too', () => {
  const steps = plan({ ...FRESH, debian: false, engineInstalled: true, missing: [] })
  assert.deepEqual(steps[0], { do: 'start-engine', by: 'dockerd' })
})

test('plan() refuses a silent socket that the operator named', () => {
  const { sentence } = refusal({ ...FRESH, ownSocket: true, socket: '/run/other.sock' })
  assert.equal(sentence, 'No Docker Engine answers on /run/other.sock')
})

test('plan() refuses another system than Linux in one sentence', () => {
  assert.match(refusal({ ...FRESH, linux: false }).sentence, /^Cloudlet runs on Linux/)
})

test('plan() refuses to run without root and says how', () => {
  assert.deepEqual(refusal({ ...READY, root: false }).lines, ['sudo npm start'])
  const smoke = { ...READY, root: false, mode: 'test-deno-smoke' }
  assert.deepEqual(refusal(smoke).lines, ['sudo npm run test:deno-smoke'])
})

test('plan() goes on without root when asked to, if the socket answers', () => {
  const facts = { ...READY, root: false, unisolated: true }
  assert.deepEqual(plan(facts), [{ do: 'judge-engine' }])
  const denied = refusal({ ...facts, engine: 'denied' })
  assert.equal(denied.sentence, 'This user may not use /var/run/docker.sock')
  const silent = refusal({ ...facts, engine: 'silent' })
  assert.deepEqual(silent.lines, ['sudo dockerd >/var/log/dockerd.log 2>&1 &'])
})

test('plan() has nothing to do for modes that need no engine', () => {
  for (const mode of ['check', 'test-deno', 'generate', 'db-generate']) {
    assert.deepEqual(plan({ ...FRESH, mode, linux: false, root: false }), [])
  }
})

test('plan() leaves an engine alone, running or not, where the mode brings its own', () => {
  const mode = 'test-engine-current'
  assert.deepEqual(plan({ ...READY, mode }), [{ do: 'judge-engine' }])
  const stopped = { ...READY, mode, engine: 'silent' } as const
  assert.deepEqual(plan(stopped), [{ do: 'judge-engine' }])
  const bare = { ...FRESH, mode, missing: ['docker.io'] }
  assert.deepEqual(
    plan(bare).map((step) => step.do),
    ['announce', 'install'],
  )
})

test('packagesOf() asks for the tools of tests in test modes alone', () => {
  const start = packagesOf({ mode: 'start', root: true, unisolated: false })
  const tests = packagesOf({ mode: 'test', root: true, unisolated: false })
  assert.deepEqual(start, ['docker.io', 'iptables', 'nftables', 'e2fsprogs', 'busybox-static'])
  const tools = ['dnsutils', 'docker-registry', 'curl', 'python3-pip', 'golang-go', 'socat']
  const proxies = ['nginx-light', 'haproxy', 'caddy', 'wrk', 'nghttp2-client', 'slowhttptest']
  const responders = ['dnsmasq-base', 'bind9', 'dnsperf']
  assert.deepEqual(tests, [
    ...start,
    ...tools,
    'postgresql',
    'redis-tools',
    ...proxies,
    ...responders,
  ])
  const user = packagesOf({ mode: 'start', root: false, unisolated: true })
  assert.deepEqual(user, ['busybox-static'])
})
