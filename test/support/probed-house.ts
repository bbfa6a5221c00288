import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { z } from 'zod'
import { parseCidr } from '../../src/core/cidr.ts'
import { layoutOf, resolverAddress } from '../../src/core/ipam.ts'
import { startPlatform } from './platform.ts'
import { DEMO_IMAGE, newTenant, type Tenant } from './tenant.ts'
import { until } from './wait.ts'

const PROBER = readFileSync(new URL('../fixtures/prober.ts', import.meta.url), 'utf8')
const SCAN_MS = 240_000
const METADATA = '169.254.169.254'

type Ports = readonly [from: number, to: number]
interface Probes {
  readonly scans: readonly { readonly host: string; readonly ports: Ports }[]
  readonly names: readonly string[]
}

const Said = z.object({
  scans: z.array(z.object({ host: z.string(), answers: z.record(z.string(), z.string()) })),
  names: z.array(
    z.object({ host: z.string(), answer: z.union([z.string(), z.array(z.string())]) }),
  ),
  ipv6: z.string(),
})

/** A platform with two tenants, something that listens on every address of the host, and a prober to let loose. */
export async function probedHouse() {
  const platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_LOOK_SECONDS: '5' })
  const acme = await newTenant(platform, 'acme')
  const other = await newTenant(platform, 'other')
  await acme.run({ name: 'friend', image: DEMO_IMAGE })
  await other.run({ name: 'stranger', image: DEMO_IMAGE })
  let heard = 0
  const listener = createServer((socket) => {
    heard += 1
    socket.end('hello')
  })
  await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve))
  const pool = parseCidr(platform.pool)
  assert.ok(pool)
  const resolver = resolverAddress(pool)
  const [friend, stranger] = [await addressOf(acme, 'friend'), await addressOf(other, 'stranger')]
  const hosts = [...new Set([gatewayOf(friend), gatewayOf(stranger), ...hostAddresses()])]

  return {
    platform,
    acme,
    /** Address of a neighbour of the prober, and of another tenant's container. */
    friend,
    stranger,

    /** Lets a container try everything, and answers what it reached beyond what it may. */
    async reached(name: string, ports: Ports) {
      const found = await probe(acme, name, {
        scans: [
          ...[...hosts, resolver].map((host) => ({ host, ports })),
          { host: stranger, ports: [8080, 8080] },
          { host: METADATA, ports: [80, 80] },
          { host: friend, ports: [8080, 8080] },
        ],
        names: ['friend.acme.internal', 'stranger.other.internal'],
      })
      const answered = found.scans.filter(({ answers }) => Object.keys(answers).length > 0)
      return {
        scanned: found.scans.length,
        open: Object.fromEntries(answered.map(({ host, answers }) => [host, answers])),
        names: Object.fromEntries(found.names.map(({ host, answer }) => [host, answer])),
        ipv6: found.ipv6,
        heard,
      }
    },

    /** What it may: the resolver, and who is in its own network. */
    allowed: () => ({
      scanned: hosts.length + 4,
      open: {
        [resolver]: { 53: 'open' },
        [friend]: { 8080: 'open' },
      },
      names: { 'friend.acme.internal': [friend], 'stranger.other.internal': 'ENOTFOUND' },
      ipv6: '',
      heard: 0,
    }),

    async remove(): Promise<void> {
      listener.close()
      await platform.remove()
    },
  }
}
export type ProbedHouse = Awaited<ReturnType<typeof probedHouse>>

/** Runs the prober in a container of the tenant, and answers what it has found. */
async function probe(tenant: Tenant, name: string, probes: Probes): Promise<z.infer<typeof Said>> {
  await tenant.run({
    name,
    image: DEMO_IMAGE,
    command: ['node', '--input-type=module-typescript', '-e', PROBER],
    env: { PROBES: JSON.stringify(probes) },
    restart: 'no',
    healthCheck: { type: 'none' },
    cpuMilli: 1500,
    memoryBytes: 1024 ** 3,
    minHealthySeconds: 0,
  })
  const isDone = async () => (await tenant.show(name)).state === 'exited'
  await until('the prober is done', isDone, SCAN_MS)
  const lines = await tenant.logs(name)
  await tenant.remove(name)
  return Said.parse(JSON.parse(lines.join('')))
}

const addressOf = async (tenant: Tenant, name: string): Promise<string> =>
  (await tenant.show(name)).addresses[0]?.address ?? 'none'

function gatewayOf(address: string): string {
  const subnet = parseCidr(`${address.replace(/\d+$/, '0')}/24`)
  assert.ok(subnet)
  return layoutOf(subnet).gateway
}

const hostAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((list = []) => list)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
