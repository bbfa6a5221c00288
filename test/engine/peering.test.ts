import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { createNetwork } from '../../src/contract/networks.ts'
import { acceptPeering, createPeering, deletePeering } from '../../src/contract/peerings.ts'
import { tableName } from '../../src/core/firewall.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** Networks of one tenant and of two that reach each other, by real connections. */

const PROGRAM = readFileSync(new URL('../fixtures/peer.ts', import.meta.url), 'utf8')
const CONTROL_PORT = 9000
/** A full look every 5 s, with room. */
const MADE_ANEW_MS = 30_000

let platform: Platform
let acme: Tenant
let zeta: Tenant
const at: Record<string, string> = {}

/** A container in a network of its own, which has its name. */
async function housed(tenant: Tenant, name: string): Promise<void> {
  const params = { tenant: tenant.slug }
  await tenant.api.call(createNetwork, { params, body: { name } })
  const shown = await tenant.run({
    name,
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module-typescript', '-e', PROGRAM],
    networks: [{ name }],
    healthCheck: { type: 'none' },
  })
  at[name] = shown.addresses[0]?.address ?? ''
}

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_LOOK_SECONDS: '5' })
  acme = await newTenant(platform, 'acme')
  zeta = await newTenant(platform, 'zeta')
  for (const name of ['front', 'back', 'third']) await housed(acme, name)
  await housed(zeta, 'theirs')
})

after(async () => {
  await platform?.remove()
})

const address = (name: string): string => at[name] ?? ''

/** Has a container do something, and answers what it says. */
async function told(name: string, command: string, host = ''): Promise<string> {
  const socket = connect({ host: address(name), port: CONTROL_PORT })
  socket.write(`${command} ${host}\n`)
  return text(socket)
}

/** What a container sees as the address of another that asks it; a word where it cannot be reached. */
const seen = (from: string, by: string): Promise<string> => told(from, 'ask', address(by))

/** Each sees the other's own address. */
const reaches = async (one: string, other: string): Promise<boolean> =>
  (await seen(one, other)) === address(one) && (await seen(other, one)) === address(other)

const reach = (one: string, other: string): Promise<true> =>
  until(`${one} and ${other} reach each other as who they are`, () => reaches(one, other))

async function areApart(one: string, other: string): Promise<void> {
  for (const [from, by] of [
    [one, other],
    [other, one],
  ] as const) {
    assert.match(await seen(from, by), /^(silence|EHOSTUNREACH|ECONNREFUSED)$/, `${from} to ${by}`)
  }
}

const chains = (): number =>
  ['filter', 'nat', 'raw'].filter(
    (table) =>
      spawnSync('iptables', ['-w', '-t', table, '-S', tableName(platform.instance)]).status === 0,
  ).length

test('two networks of a tenant reach each other by address and name while they are peers', async () => {
  await areApart('front', 'back')
  assert.equal(await told('front', 'name', 'back.acme.internal'), 'ENOTFOUND')
  const params = { tenant: 'acme' }
  const body = { network: 'front', peerNetwork: 'back' }
  const { id } = await acme.api.call(createPeering, { params, body })
  await reach('front', 'back')
  await until('the name is known', async () => {
    return (await told('front', 'name', 'back.acme.internal')) === address('back')
  })
  assert.equal(await told('back', 'name', 'front.acme.internal'), address('front'))
  await areApart('front', 'third')
  await areApart('back', 'theirs')
  assert.equal(await told('third', 'name', 'back.acme.internal'), 'ENOTFOUND')

  assert.equal(await told('front', 'hold', address('back')), address('front'))
  assert.equal(await told('front', 'again'), 'still there')
  await acme.api.call(deletePeering, { params: { ...params, peering: id } })
  await until('an open connection says nothing more', async () => {
    return (await told('front', 'again')) === 'silence'
  })
  await areApart('front', 'back')
  assert.equal(await told('front', 'name', 'back.acme.internal'), 'ENOTFOUND')
  await until('nothing is left in the host’s chains', () => chains() === 0)
})

test('networks of two tenants are apart until the offer is accepted, and what is flushed comes back', async () => {
  const body = { network: 'front', peerTenant: 'zeta' }
  const { id } = await acme.api.call(createPeering, { params: { tenant: 'acme' }, body })
  await areApart('front', 'theirs')
  assert.equal(await told('front', 'name', 'theirs.zeta.internal'), 'ENOTFOUND')
  const params = { tenant: 'zeta', peering: id }
  await zeta.api.call(acceptPeering, { params, body: { network: 'theirs' } })
  await reach('front', 'theirs')
  await until('the name is known', async () => {
    return (await told('front', 'name', 'theirs.zeta.internal')) === address('theirs')
  })
  await areApart('back', 'theirs')
  assert.equal(await told('back', 'name', 'theirs.zeta.internal'), 'ENOTFOUND')

  assert.equal(chains(), 3)
  const chain = tableName(platform.instance)
  execFileSync('iptables', ['-w', '-D', 'DOCKER-USER', '-j', chain])
  execFileSync('iptables', ['-w', '-t', 'nat', '-F', chain])
  await areApart('front', 'theirs')
  await until('the paths are made anew', () => reaches('front', 'theirs'), MADE_ANEW_MS)
  await zeta.api.call(deletePeering, { params })
  await until('nothing is left in the host’s chains', () => chains() === 0)
  await areApart('front', 'theirs')
})
