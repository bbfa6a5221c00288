import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { updateContainer } from '../../src/contract/container-change.ts'
import { createFirewall, updateFirewall } from '../../src/contract/firewalls.ts'
import { createNetwork, updateNetwork } from '../../src/contract/networks.ts'
import { updateTenant } from '../../src/contract/tenants.ts'
import { securityGroups, type AskedRule } from '../../src/core/firewall-rules.ts'
import {
  mayBegin,
  PROTOCOLS,
  type Beginning,
  type SecurityGroups,
} from '../../src/core/security-groups.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * The matrix of container × container × protocol × port by real connections, for random firewalls, against what the
 * pure function says. `CLOUDLET_TEST_LONG=1`: 50 sets of rules instead of 8; `CLOUDLET_TEST_SEED` repeats a run.
 */
const SETS = process.env['CLOUDLET_TEST_LONG'] === '1' ? 50 : 8
const SEED = Number(process.env['CLOUDLET_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const PROGRAM = readFileSync(new URL('../fixtures/neighbour.ts', import.meta.url), 'utf8')
const RAW = 'capability:NET_RAW'
const CONTROL_PORT = 9000
const PORTS = [7001, 7002]
const FIREWALLS = ['red', 'green', 'blue', 'grey']
const NETWORKS = ['one', 'two']
/** The last is in both. */
const CONTAINERS = [
  { name: 'a', networks: ['one'] },
  { name: 'b', networks: ['one'] },
  { name: 'c', networks: ['one'] },
  { name: 'd', networks: ['two'] },
  { name: 'e', networks: ['two'] },
  { name: 'f', networks: NETWORKS },
]
const TENANT = 'acme'
const SETTLES_MS = 20_000

let platform: Platform
let acme: Tenant
let places: readonly Place[]

/** A container in one of its networks. */
interface Place {
  readonly container: string
  readonly network: string
  readonly address: string
}

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, TENANT)
  // This image's ping needs raw sockets.
  await platform.api.call(updateTenant, { params: { tenant: TENANT }, body: { exceptions: [RAW] } })
  for (const name of NETWORKS) {
    await acme.api.call(createNetwork, { params: { tenant: TENANT }, body: { name } })
  }
  for (const name of FIREWALLS) {
    await acme.api.call(createFirewall, { params: { tenant: TENANT }, body: { name } })
  }
  for (const { name, networks } of CONTAINERS) {
    await acme.run({
      name,
      image: DEMO_IMAGE,
      command: ['node', '--input-type=module-typescript', '-e', PROGRAM],
      networks: networks.map((network) => ({ name: network })),
      healthCheck: { type: 'none' },
      user: '0',
      exceptions: [RAW],
    })
  }
  const shown = await Promise.all(CONTAINERS.map(({ name }) => acme.show(name)))
  places = shown.flatMap(({ name, addresses }) =>
    addresses.map(({ network, address }) => ({ container: name, network, address })),
  )
})

after(async () => {
  await platform?.remove()
})

/** Numbers from 0 to 1 that a seed decides (Mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const next = numbers(SEED)
const isSo = (chance: number): boolean => next() < chance
function oneOf<T>(all: readonly T[]): T {
  const one = all[Math.floor(next() * all.length)]
  assert.ok(one !== undefined)
  return one
}

function randomRule(): AskedRule {
  const protocol = isSo(0.25) ? undefined : oneOf(PROTOCOLS)
  const ports = protocol === 'icmp' || isSo(0.3) ? undefined : oneOf(['7001', '7002', '7001-7002'])
  const { address } = oneOf(places)
  const cidr = oneOf([`${address}/32`, `${address.replace(/\d+$/, '0')}/24`])
  const who = oneOf([{}, { cidr }, { firewall: oneOf(FIREWALLS) }, { firewall: oneOf(FIREWALLS) }])
  return { ...who, ...(protocol && { protocol }), ...(ports !== undefined && { ports }) }
}

const randomRules = (): AskedRule[] | null =>
  isSo(0.4) ? null : Array.from({ length: Math.floor(next() * 4) }, randomRule)

/** Gives all firewalls, containers and networks other rules; answers what they say together. */
async function turned(): Promise<SecurityGroups> {
  const rules = FIREWALLS.map((name) => ({ name, ingress: randomRules(), egress: randomRules() }))
  for (const { name, ingress, egress } of rules) {
    const params = { tenant: TENANT, firewall: name }
    await acme.api.call(updateFirewall, { params, body: { ingress, egress } })
  }
  const closed = NETWORKS.filter(() => isSo(0.3))
  for (const network of NETWORKS) {
    const within = closed.includes(network) ? 'none' : 'open'
    await acme.api.call(updateNetwork, { params: { tenant: TENANT, network }, body: { within } })
  }
  const members = []
  for (const { name } of CONTAINERS) {
    const groups = FIREWALLS.filter(() => isSo(0.35))
    const params = { tenant: TENANT, container: name }
    await acme.api.call(updateContainer, { params, body: { firewalls: groups } })
    const own = places.filter(({ container }) => container === name)
    const addresses = own.map(({ address, network }) => ({
      address,
      isClosed: closed.includes(network),
    }))
    members.push({ groups, addresses })
  }
  const facts = rules.map(({ name, ingress, egress }) => ({
    name,
    ingressJson: JSON.stringify(ingress),
    egressJson: JSON.stringify(egress),
  }))
  return securityGroups(facts, members)
}

/** Everything that one place may try with the others of its network. */
const packetsOf = (from: Place): Beginning[] =>
  places
    .filter(({ network, address }) => network === from.network && address !== from.address)
    .flatMap((to) =>
      PROTOCOLS.flatMap((protocol) =>
        (protocol === 'icmp' ? [0] : PORTS).map((port) => ({
          from: from.address,
          to: to.address,
          protocol,
          port,
        })),
      ),
    )

/** What a container reaches of what it is told to try. */
async function tried(address: string, packets: readonly Beginning[]): Promise<boolean[]> {
  const socket = connect({ host: address, port: CONTROL_PORT })
  const probes = packets.map(({ to, protocol, port }) => ({ host: to, protocol, port }))
  socket.end(JSON.stringify(probes))
  return z.array(z.boolean()).parse(JSON.parse(await text(socket)))
}

const lineOf = ({ from, to, protocol, port }: Beginning, isOpen: boolean): string =>
  `${from} to ${to} ${protocol} ${port}: ${isOpen ? 'open' : 'closed'}`

async function matrix(): Promise<string[]> {
  const each = places.map(async (place) => {
    const packets = packetsOf(place)
    const open = await tried(place.address, packets)
    return packets.map((packet, i) => lineOf(packet, open[i] === true))
  })
  return (await Promise.all(each)).flat()
}

const computed = (all: SecurityGroups): string[] =>
  places.flatMap((place) => packetsOf(place).map((packet) => lineOf(packet, mayBegin(all, packet))))

test(`what containers reach of each other is what the pure function says, for ${SETS} sets of rules`, async () => {
  for (let round = 1; round <= SETS; round++) {
    const all = await turned()
    const wanted = computed(all)
    let found: string[] = []
    const isAsWanted = async (): Promise<boolean> => {
      found = await matrix()
      return found.join('\n') === wanted.join('\n')
    }
    await until('real connections are as computed', isAsWanted, SETTLES_MS).catch(() => {
      const wrong = found.filter((line, i) => line !== wanted[i])
      assert.fail(`Seed ${SEED}, set ${round}: ${wrong.join(', ')}; ${JSON.stringify(all)}`)
    })
  }
})
