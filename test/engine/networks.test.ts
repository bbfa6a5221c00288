import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { attachNetwork, detachNetwork } from '../../src/contract/container-attach.ts'
import { createNetwork, deleteNetwork, getNetwork } from '../../src/contract/networks.ts'
import { parseCidr } from '../../src/core/cidr.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { resolverAddress } from '../../src/core/ipam.ts'
import { realDocker } from '../support/engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** Networks of a tenant, joined and left by containers that run on the real engine. */

let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
})

after(async () => {
  await platform?.remove()
})

const network = (name: string) =>
  acme.api.call(createNetwork, { params: { tenant: 'acme' }, body: { name } })

/** Says again and again by which gateway it goes, and what of two servers answers it. */
const roamer = (one: string, other: string): string =>
  `asks() { printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 1 nc $1 8080 | grep -q HTTP && echo yes || echo no; }
   while :; do
     way=$(ip route | grep ^default | cut -d' ' -f3)
     echo "$way $(asks ${one}) $(asks ${other})"
     sleep 0.2
   done`

const said = async (name: string): Promise<string> => (await acme.logs(name, 'stdout')).at(-1) ?? ''

async function saysAtLast(name: string, line: string): Promise<void> {
  let last = ''
  const isSo = async (): Promise<boolean> => (last = await said(name)) === line
  await until(`${name} says "${line}"`, isSo, 20_000).catch((error: unknown) => {
    throw new Error(`It says "${last}"`, { cause: error })
  })
}

/** What a program prints that runs in a container of these networks. */
async function nodeSays(on: readonly string[], program: string): Promise<string[]> {
  await acme.run({
    name: 'asker',
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module', '-e', program],
    networks: on.map((name) => ({ name })),
    restart: 'no',
    healthCheck: { type: 'none' },
    minHealthySeconds: 0,
  })
  const over = async (): Promise<boolean> => (await acme.show('asker')).state === 'exited'
  await until('the program has ended', over, 20_000)
  const lines = await acme.logs('asker')
  await acme.remove('asker')
  return lines
}

const Inspected = z.object({
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string(), MacAddress: z.string() })),
  }),
})

async function onEngine(id: string) {
  const name = dockerName('acme', 'container', id)
  const { NetworkSettings } = Inspected.parse(await realDocker().getContainer(name).inspect())
  return Object.values(NetworkSettings.Networks)
    .map(({ IPAddress, MacAddress }) => `${IPAddress} ${MacAddress}`)
    .toSorted()
}

test('a container is in two networks, leaves one and joins it again, and its process goes on', async () => {
  const [front, back] = [await network('front'), await network('back')]
  const address = back.cidr.replace(/0\/24$/, '77')
  const inFront = await acme.run({ name: 'site', image: DEMO_IMAGE, networks: [{ name: 'front' }] })
  const inBack = await acme.run({
    name: 'db',
    image: DEMO_IMAGE,
    networks: [{ name: 'back', address }],
  })
  assert.equal(inBack.addresses[0]?.address, address)
  const servers = [inFront.addresses[0]?.address ?? '', address] as const
  const both = await acme.run({
    name: 'both',
    image: BASE,
    command: ['sh', '-c', roamer(...servers)],
    networks: [{ name: 'front' }, { name: 'back' }],
  })
  // The hardware addresses are those that the packet filter was told of before.
  const wanted = both.addresses.map((one) => `${one.address} ${one.mac}`).toSorted()
  assert.deepEqual(await onEngine(both.id), wanted)
  await saysAtLast('both', `${front.gateway} yes yes`)

  const asked = { tenant: 'acme', container: 'both' }
  const query = { wait: 30 }
  const left = await acme.api.call(detachNetwork, { params: { ...asked, network: 'back' }, query })
  assert.equal(left.operation.state, 'succeeded')
  assert.equal((await onEngine(both.id)).length, 1)
  await saysAtLast('both', `${front.gateway} yes no`)

  const body = { network: 'back', aliases: ['roamer'] }
  const joined = await acme.api.call(attachNetwork, { params: asked, query, body })
  assert.equal(joined.operation.state, 'succeeded')
  assert.notEqual(joined.resource.addresses[1]?.address, both.addresses[1]?.address)
  await saysAtLast('both', `${front.gateway} yes yes`)
  assert.equal((await acme.show('both')).startedAt, both.startedAt)

  const pool = parseCidr(platform.pool)
  const resolver = pool && resolverAddress(pool)
  const seen = await nodeSays(
    ['front'],
    `
    const { Resolver } = await import('node:dns/promises')
    const at = new Resolver({ timeout: 2000, tries: 2 })
    // What the engine's own answerer knows of neighbours it says itself, by its own names.
    const straight = new Resolver({ timeout: 2000, tries: 2 })
    straight.setServers(['${resolver}'])
    const say = (work) => work.then((value) => JSON.stringify(value), ({ code }) => code)
    const name = (one) => one + '.acme.internal'
    const all = [
      at.resolve4(name('site')), at.resolve4(name('db')), at.resolve4(name('roamer')),
      at.resolve4(name('both')), at.resolveSrv('_http._tcp.' + name('site')).then(([one]) => [one.name, one.port]),
      straight.reverse('${servers[0]}'), straight.reverse('${address}'),
      at.resolveTxt(name('_apps')),
    ]
    console.log((await Promise.all(all.map(say))).join('\\n'))`,
  )
  assert.deepEqual(seen, [
    JSON.stringify([servers[0]]),
    'ENOTFOUND',
    'ENOTFOUND',
    JSON.stringify([both.addresses[0]?.address]),
    JSON.stringify(['site.acme.internal', 8080]),
    JSON.stringify(['site.acme.internal']),
    'ENOTFOUND',
    seen.at(-1) ?? '',
  ])
  assert.match(seen.at(-1) ?? '', /\["name=site","port=8080"\]/)
  assert.doesNotMatch(seen.at(-1) ?? '', /name=db/)
})

test('the default route goes by the network that is named for it, whatever the engine would choose', async () => {
  const nets = [await network('one'), await network('two')]
  for (const [index, { gateway }] of nets.entries()) {
    const networks = ['one', 'two'].map((name, at) => ({ name, defaultRoute: at === index }))
    const name = `out-${index}`
    const command = ['sh', '-c', roamer('127.0.0.1', '127.0.0.1')]
    await acme.run({ name, image: BASE, command, networks })
    await saysAtLast(name, `${gateway} no no`)
  }
})

test('a network with members stays, and goes once they are gone, with its bridge', async () => {
  const { id } = await network('short')
  const params = { tenant: 'acme', network: 'short' }
  await acme.run({
    name: 'in',
    image: BASE,
    command: ['sleep', '600'],
    networks: [{ name: 'short' }],
  })
  await assert.rejects(acme.api.call(deleteNetwork, { params }), { code: 'network-in-use' })
  await acme.remove('in')
  assert.equal(await acme.api.call(deleteNetwork, { params }), null)
  assert.equal(await acme.api.call(deleteNetwork, { params }), null)
  await assert.rejects(acme.api.call(getNetwork, { params }), { code: 'not-found' })
  await until('the engine has it no more', async () => {
    const all = await realDocker().listNetworks()
    return all.every(({ Name }) => Name !== dockerName('acme', 'network', id))
  })
})
