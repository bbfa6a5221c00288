import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Settings } from '../config.ts'
import { isLoopback } from '../core/address-group.ts'
import { parseCidr, type Cidr } from '../core/cidr.ts'
import { ID_BYTES, idFrom } from '../core/ids.ts'
import { DEFAULT_POOLS, freePool, resolverAddress } from '../core/ipam.ts'
import { hostPort, hostPortText, placesIn, type Instance } from '../instance.ts'
import { PrepareError } from './error.ts'
import { takenRanges } from './host-ranges.ts'
import { anyFreePort, holdersOf, isFreeTcp, isFreeUdp } from './port-owner.ts'

const Kept = z.object({
  id: z.string().regex(/^[a-z0-9]{16}$/),
  apiAddress: z.string(),
  ingressAddress: z.string(),
  /** Absent in what a version without TLS has written. */
  httpsAddress: z.string().optional(),
  dnsAddress: z.string(),
  pool: z.string(),
})
type Kept = z.infer<typeof Kept>
type Chosen = Kept & { readonly httpsAddress: string }

const MOST_WORKERS = 4
/** How many ports after the usual one are tried at the first start. */
const PORTS_TRIED = 100
/** Users of edge processes: one an instance, in a range that systemd and Debian leave unused. */
const FIRST_EDGE_UID = 1_900_000_000
const EDGE_UIDS = 100_000_000

/** Reads what an earlier start chose, or chooses; then sees that all of it is still to be had. */
export async function chooseInstance(settings: Settings, isolated: boolean): Promise<Instance> {
  const dataDir = settings.CLOUDLET_DATA_DIR
  const { instance: path } = placesIn(dataDir)
  const kept = readKept(path)
  poolOf(kept?.pool ?? settings.CLOUDLET_ADDRESS_POOL ?? DEFAULT_POOLS[0])
  const chosen = kept ? await again(kept, settings, isolated) : await anew(settings, isolated)
  seeClosed(chosen)
  await seeFree(chosen, dataDir)
  if (!isDeepStrictEqual(chosen, kept)) writeKept(path, chosen)
  return {
    ...chosen,
    dataDir,
    isolated,
    resolver: isolated ? resolverAddress(poolOf(chosen.pool)) : null,
    edgeUid: isolated ? edgeUidOf(chosen.id) : null,
    dnsUpstreams: settings.CLOUDLET_DNS_UPSTREAMS,
    dnsSecondaries: settings.CLOUDLET_DNS_SECONDARIES,
    inFront: {
      proxyProtocol: settings.CLOUDLET_INGRESS_PROXY_FROM,
      trusted: settings.CLOUDLET_INGRESS_TRUSTED_PROXIES,
    },
    workers: settings.CLOUDLET_INGRESS_WORKERS ?? Math.min(MOST_WORKERS, availableParallelism()),
  }
}

/** What an earlier start has written, if there was one. */
export function readKept(path: string): Kept | undefined {
  if (!existsSync(path)) return undefined
  try {
    return Kept.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const message = `Cannot read ${path}: it is not what an earlier start has written`
    throw new PrepareError(message, { cause })
  }
}

/** Seen before anything is written: what is kept cannot be taken back by setting something else. */
function poolOf(text: string): Cidr {
  const pool = parseCidr(text)
  if (pool && pool.prefix >= 8 && pool.prefix <= 23) return pool
  throw new PrepareError(
    `Cannot use the pool "${text}": a range from /8 to /23 is wanted, by its first address`,
  )
}

function writeKept(path: string, kept: Chosen): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

/** An address that is set counts more than the kept one; the pool stays, since networks live in it. */
async function again(kept: Kept, settings: Settings, isolated: boolean): Promise<Chosen> {
  const wanted = settings.CLOUDLET_ADDRESS_POOL
  if (wanted !== undefined && wanted !== kept.pool) {
    throw new PrepareError(
      `Cannot change the pool to ${wanted}: this instance has lived in ${kept.pool} since its first start`,
    )
  }
  return {
    ...kept,
    apiAddress: setOr(settings.CLOUDLET_API_ADDRESS, kept.apiAddress),
    ingressAddress: setOr(settings.CLOUDLET_INGRESS_HTTP_ADDRESS, kept.ingressAddress),
    httpsAddress:
      kept.httpsAddress === undefined
        ? await pickHttps(settings, isolated)
        : setOr(settings.CLOUDLET_INGRESS_HTTPS_ADDRESS, kept.httpsAddress),
    dnsAddress: setOr(settings.CLOUDLET_DNS_ADDRESS, kept.dnsAddress),
  }
}

const setOr = (set: string | undefined, old: string): string =>
  set === undefined || set.endsWith(':0') ? old : hostPortText(hostPort(set))

/** The one that people expect, which only root may have, then those after the other. */
const usual = (isolated: boolean, first: number, other: number): number[] => [
  ...(isolated ? [first] : []),
  ...Array.from({ length: PORTS_TRIED }, (_, i) => other + i),
]

const pickHttps = (settings: Settings, isolated: boolean): Promise<string> =>
  pick(settings.CLOUDLET_INGRESS_HTTPS_ADDRESS, '::', usual(isolated, 443, 8443))

async function anew(settings: Settings, isolated: boolean): Promise<Chosen> {
  return {
    id: idFrom(randomBytes(ID_BYTES)),
    apiAddress: await pick(settings.CLOUDLET_API_ADDRESS, '127.0.0.1', usual(isolated, 7070, 7070)),
    ingressAddress: await pick(
      settings.CLOUDLET_INGRESS_HTTP_ADDRESS,
      '::',
      usual(isolated, 80, 8080),
    ),
    httpsAddress: await pickHttps(settings, isolated),
    dnsAddress: await pick(settings.CLOUDLET_DNS_ADDRESS, '127.0.0.1', usual(isolated, 53, 1053)),
    pool: await pickPool(settings),
  }
}

/** What is set stays as it is, but for port 0, which means any; else the first usual port that is free. */
async function pick(
  set: string | undefined,
  host: string,
  ports: readonly number[],
): Promise<string> {
  if (set !== undefined) {
    const address = hostPort(set)
    const port = address.port === 0 ? await anyFreePort(address.host) : address.port
    return hostPortText({ host: address.host, port })
  }
  for (const port of ports) {
    // One after the other: the first that is free is the one people expect.
    if (await isFree({ host, port })) return hostPortText({ host, port })
  }
  throw new PrepareError(`Cannot find a free port among ${ports.at(0)} to ${ports.at(-1)}`)
}

async function isFree(address: { host: string; port: number }): Promise<boolean> {
  return (await isFreeTcp(address)) && (await isFreeUdp(address))
}

async function pickPool(settings: Settings): Promise<string> {
  const candidates = settings.CLOUDLET_ADDRESS_POOL
    ? [settings.CLOUDLET_ADDRESS_POOL]
    : DEFAULT_POOLS
  const taken = await takenRanges(settings.CLOUDLET_ENGINE)
  const pool = freePool(candidates, taken)
  if (pool !== undefined) return pool
  throw new PrepareError(
    `Cannot find a free address pool: ${candidates.join(', ')} overlap a route of this host or another instance; set CLOUDLET_ADDRESS_POOL to a private range that is free`,
  )
}

/** Keys and secrets go over it, and in clear everybody on the way could read them. */
function seeClosed({ apiAddress }: Chosen): void {
  const { host } = hostPort(apiAddress)
  if (host === 'localhost' || isLoopback(host)) return
  throw new PrepareError(
    `Cannot serve the API in clear on ${apiAddress}: keys could be read on the way; set CLOUDLET_API_ADDRESS to a loopback address such as 127.0.0.1:7070, and CLOUDLET_API_HOST to the name under which the ingress is to serve it over TLS`,
  )
}

/** Every port is free, or held by our own processes, which go on or are replaced. */
async function seeFree(chosen: Chosen, dataDir: string): Promise<void> {
  const named = [
    ['CLOUDLET_API_ADDRESS', chosen.apiAddress],
    ['CLOUDLET_INGRESS_HTTP_ADDRESS', chosen.ingressAddress],
    ['CLOUDLET_INGRESS_HTTPS_ADDRESS', chosen.httpsAddress],
    ['CLOUDLET_DNS_ADDRESS', chosen.dnsAddress],
  ] as const
  for (const [setting, text] of named) {
    const address = hostPort(text)
    // The first that is taken is the one to tell of
    if (await isFree(address)) continue
    const others = holdersOf(address.port).filter(
      ({ command }) => !command.includes(`"${dataDir}"`),
    )
    if (others.length === 0 && holdersOf(address.port).length > 0) continue
    const who = others
      .map(({ pid, command }) => `process ${pid} (${command.slice(0, 80)})`)
      .join(', ')
    throw new PrepareError(
      `Cannot listen on ${text}: ${who || 'the address is not there or not allowed'} has it; stop it, or set ${setting}`,
    )
  }
}

/** Read from the id, so that each instance's edge is a stranger to the others'. */
const edgeUidOf = (id: string): number =>
  FIRST_EDGE_UID + (Number.parseInt(id.slice(0, 8), 36) % EDGE_UIDS)
