import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { layoutOf, resolverAddress } from '../../src/core/ipam.ts'
import { parseCidr } from '../../src/core/cidr.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** What a container can reach of the host and of other tenants: a program in one tries everything. */

const PROBER = readFileSync(new URL('../fixtures/prober.ts', import.meta.url), 'utf8')
const SCAN_MS = 240_000
const ALL_PORTS = [1, 65_535] as const

const Said = z.object({
  scans: z.array(z.object({ host: z.string(), answers: z.record(z.string(), z.string()) })),
  udp: z.array(z.object({ host: z.string(), port: z.number(), answer: z.string().optional() })),
  names: z.array(
    z.object({ host: z.string(), answer: z.union([z.string(), z.array(z.string())]) }),
  ),
  ipv6: z.string(),
})
type Probes = {
  readonly scans?: readonly { readonly host: string; readonly ports: readonly [number, number] }[]
  readonly udp?: readonly { readonly host: string; readonly port: number }[]
  readonly names?: readonly string[]
}

let platform: Platform
let acme: Tenant
let other: Tenant
let listener: Server
let heard = 0

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
  other = await newTenant(platform, 'other')
  await acme.run({ name: 'friend', image: DEMO_IMAGE })
  await other.run({ name: 'stranger', image: DEMO_IMAGE })
  listener = createServer((socket) => {
    heard += 1
    socket.end('hello')
  })
  await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve))
})

after(async () => {
  listener?.close()
  await platform?.remove()
})

/** Runs the prober in a container of the tenant, and answers what it has found. */
async function probe(tenant: Tenant, name: string, probes: Probes): Promise<z.infer<typeof Said>> {
  const env = { PROBES: JSON.stringify(probes) }
  const command = ['node', '--input-type=module-typescript', '-e', PROBER]
  await tenant.run({
    name,
    image: DEMO_IMAGE,
    command,
    env,
    restart: 'no',
    healthCheck: { type: 'none' },
    cpuMilli: 1500,
    memoryBytes: 1024 ** 3,
    minHealthySeconds: 0,
  })
  await until(
    'the prober is done',
    async () => (await tenant.show(name)).state === 'exited',
    SCAN_MS,
  )
  const lines = await tenant.logs(name)
  await tenant.remove(name)
  return Said.parse(JSON.parse(lines.join('')))
}

const addressOf = async (tenant: Tenant, name: string): Promise<string> =>
  (await tenant.show(name)).addresses[0]?.address ?? 'none'

const gatewayOf = (address: string): string => {
  const subnet = parseCidr(`${address.replace(/\d+$/, '0')}/24`)
  assert.ok(subnet)
  return layoutOf(subnet).gateway
}

const hostAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list = []) => list)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)

test('of the host and of other tenants nothing answers but the resolver', async () => {
  const pool = parseCidr(platform.pool)
  assert.ok(pool)
  const [friend, stranger] = [await addressOf(acme, 'friend'), await addressOf(other, 'stranger')]
  const hosts = [...new Set([gatewayOf(friend), gatewayOf(stranger), ...hostAddresses()])]
  const resolver = resolverAddress(pool)
  const found = await probe(acme, 'prober', {
    scans: [
      ...[...hosts, resolver].map((host) => ({ host, ports: ALL_PORTS })),
      { host: stranger, ports: [8080, 8080] },
      { host: '169.254.169.254', ports: [80, 80] },
      { host: friend, ports: [8080, 8080] },
    ],
    names: ['friend.acme.internal', 'stranger.other.internal'],
  })
  const answered = found.scans.map(({ host, answers }) => [host, answers])
  assert.deepEqual(Object.fromEntries(answered), {
    ...Object.fromEntries(hosts.map((host) => [host, {}])),
    [resolver]: { 53: 'open' },
    [stranger]: {},
    '169.254.169.254': {},
    [friend]: { 8080: 'open' },
  })
  assert.deepEqual(found.names, [
    { host: 'friend.acme.internal', answer: [friend] },
    { host: 'stranger.other.internal', answer: 'ENOTFOUND' },
  ])
  assert.equal(heard, 0)
})
