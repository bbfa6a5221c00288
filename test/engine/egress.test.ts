import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { getNetwork, updateNetwork } from '../../src/contract/networks.ts'
import { isWithin, passesWithin } from '../support/machine-within.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * What networks let out to the world: a network namespace on the other side of the only cable of a machine within this
 * one, with an address of TEST-NET-3 (RFC 5737 §3), where ports 25, 80 and 443 answer.
 */

const WITHIN_MS = 200_000
const WORLD = '203.0.113.10'
const OTHER = '203.0.113.11'
const PORTS = [25, 80, 443]
/** The host's own address is not the world, whatever name leads there. */
const [API, TRAP] = ['api.example.com', 'trap.example.com'] as const
const NAMES = { [API]: WORLD, [TRAP]: '192.0.2.2' }
const NAME_SERVER = new URL('../support/name-server.ts', import.meta.url).href
const LISTENER = `
  import { createServer } from 'node:net'
  const listen = (port) => new Promise((done) => createServer((s) => s.on('error', () => s.destroy()).end('hello')).listen(port, '0.0.0.0', done))
  for (const port of ${JSON.stringify(PORTS)}) await listen(port)
  const { nameServer } = await import(${JSON.stringify(NAME_SERVER)})
  await nameServer('0.0.0.0', ${JSON.stringify(NAMES)})
  console.log('there')
  process.stdin.on('end', () => process.exit()).resume()
`

/** The other side of the cable `eth0` — `nowhere`, in a namespace of its own. */
async function makeWorld(): Promise<ChildProcess> {
  const words = ['--net', process.execPath, '--input-type=module', '-e', LISTENER]
  const world = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(world.stdout, 'data')
  const inside = (...ip: string[]): unknown =>
    execFileSync('nsenter', [`--net=/proc/${world.pid}/ns/net`, 'ip', ...ip])
  execFileSync('ip', ['link', 'set', 'nowhere', 'netns', String(world.pid)])
  execFileSync('ip', ['neighbour', 'del', '192.0.2.1', 'dev', 'eth0'])
  for (const name of ['lo', 'nowhere']) inside('link', 'set', name, 'up')
  inside('address', 'add', '192.0.2.1/24', 'dev', 'nowhere')
  for (const address of [WORLD, OTHER]) inside('address', 'add', `${address}/32`, 'dev', 'lo')
  askThere()
  return world
}

/** The host asks the world's name server, and so does the platform. */
function askThere(): void {
  const file = join(mkdtempSync(join(tmpdir(), 'cloudlet-names-')), 'resolv.conf')
  writeFileSync(file, 'nameserver 192.0.2.1\n')
  execFileSync('mount', ['--bind', file, realpathSync('/etc/resolv.conf')])
}

if (!isWithin()) {
  test('networks let out what their policy says', { timeout: WITHIN_MS }, () =>
    passesWithin('test/engine/egress.test.ts', 5),
  )
} else {
  let platform: Platform
  let world: ChildProcess

  before(async () => {
    world = await makeWorld()
    platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  })

  after(async () => {
    await platform?.remove()
    world?.stdin?.end()
  })

  type Rule = { protocol: 'tcp' | 'udp'; ports: string } & ({ cidr: string } | { name: string })
  type Egress = 'none' | 'open' | Rule[]

  /** What a container of a new tenant with that policy gets of each port of both addresses, in order. */
  async function reached(slug: string, egress: Egress | undefined): Promise<string[]> {
    const tenant = await newTenant(platform, slug)
    if (egress !== undefined) {
      await platform.api.call(updateNetwork, {
        params: { tenant: slug, network: 'default' },
        body: { egress },
      })
    }
    return dialled(tenant)
  }

  async function dialled(tenant: Tenant): Promise<string[]> {
    const script = `
      const { connect } = require('node:net')
      const dial = (host, port) => new Promise((done) => {
        const socket = connect({ host, port })
        const end = (is) => { clearTimeout(timer); socket.destroy(); done(is) }
        const timer = setTimeout(end, 2000, 'silence')
        socket.on('connect', () => end('open')).on('error', ({ code }) => end(code))
      })
      const all = ${JSON.stringify([WORLD, OTHER].flatMap((host) => PORTS.map((port) => [host, port])))}
      Promise.all(all.map((one) => dial(...one))).then((said) => console.log(JSON.stringify(said)))
    `
    await tenant.run({
      name: 'dialler',
      image: DEMO_IMAGE,
      command: ['node', '-e', script],
      restart: 'no',
      healthCheck: { type: 'none' },
      minHealthySeconds: 0,
    })
    await until('it has dialled', async () => (await tenant.logs('dialler')).length > 0, 30_000)
    const said: unknown = JSON.parse((await tenant.logs('dialler')).join(''))
    assert.ok(Array.isArray(said))
    return said.map(String)
  }

  const REFUSED = 'EHOSTUNREACH'

  test('an open network lets everything out but mail', async () => {
    const each = [REFUSED, 'open', 'open']
    assert.deepEqual(await reached('open', undefined), [...each, ...each])
  })

  test('a closed network lets nothing out, and says so at once', async () => {
    assert.deepEqual(await reached('closed', 'none'), Array(6).fill(REFUSED))
  })

  test('a list lets out what it names', async () => {
    const rules = [{ cidr: `${WORLD}/32`, protocol: 'tcp' as const, ports: '80' }]
    const said = await reached('listed', rules)
    assert.deepEqual(said, [REFUSED, 'open', REFUSED, REFUSED, REFUSED, REFUSED])
  })

  test('a name opens what it leads to, and containers are told that; none leads to the host', async () => {
    const rules = [API, TRAP].map((name) => ({ name, protocol: 'tcp' as const, ports: '1-65535' }))
    const tenant = await newTenant(platform, 'named')
    const params = { tenant: 'named', network: 'default' }
    await platform.api.call(updateNetwork, { params, body: { egress: rules } })
    const shown = async () => (await platform.api.call(getNetwork, { params })).egressNames
    await until('both are resolved', async () => {
      return (await shown()).every(({ addresses }) => addresses.length === 1)
    })
    assert.deepEqual(await shown(), [
      { name: API, addresses: [WORLD] },
      { name: TRAP, addresses: ['192.0.2.2'] },
    ])
    const said = await dialled(tenant)
    assert.deepEqual(said, [REFUSED, 'open', 'open', REFUSED, REFUSED, REFUSED])
    const names = await tenant.shell(
      `nslookup ${API} | grep -A1 ^Name; nc -w 2 ${TRAP} 22 2>/dev/null || echo shut; nc -w 2 ${API} 80`,
    )
    assert.match(names, new RegExp(WORLD))
    assert.match(names, /shut\nhello$/)
  })

  test('the host’s own networks are not the world', async () => {
    execFileSync('ip', ['route', 'add', `${OTHER}/32`, 'dev', 'eth0'])
    const said = await reached('near', undefined)
    assert.deepEqual(said, [REFUSED, 'open', 'open', 'silence', 'silence', 'silence'])
  })
}
