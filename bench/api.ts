import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { placesIn } from '../src/instance.ts'
import { flagsOf } from '../src/supervisor/runtime.ts'
import { connection, requestBytes, type Connection } from './api/connection.ts'
import type { HouseArgument } from './api/house.ts'
import { latencies, rate } from './api/load.ts'
import { passes, type Passes } from './api/passes.ts'
import { freePort, startServer, type Program, type ServerProcess } from './api/processes.ts'
import { IMAGE, nameAt, SMALL, TENANT } from './api/seed.ts'
import type { BenchOptions } from './create.ts'
import type { Report, Row } from './report.ts'
import { quantileOf, summaryOf, type Summary } from './statistics.ts'

/** How much of everything: what is told is the same, how sure one can be of it is not. */
interface Size {
  readonly containers: number
  readonly passesOver: readonly number[]
  readonly rounds: number
  readonly roundMs: number
  readonly latencyMs: number
}

const WHOLE: Size = {
  containers: 1000,
  passesOver: [100, 1000, 10_000],
  rounds: 7,
  roundMs: 2000,
  latencyMs: 10_000,
}
const QUICK: Size = {
  ...WHOLE,
  passesOver: [100, 1000],
  rounds: 3,
  roundMs: 1000,
  latencyMs: 2500,
}
const PASSES = 20
const CONNECTIONS = 16
/** Enough that none of them runs out of addresses. */
const ROOMY = Array.from({ length: 20 }, (_, index) => `roomy-${index}`)
const LISTS_PER_SECOND = 20
const CREATES_PER_SECOND = 10

/**
 * What the API answers in a second and how late, with a thousand containers there: the control plane as
 * it runs, beside a bare server of this runtime that sends the same bytes. The load is a process of its
 * own (this one), on connections that stay open; latencies are at a fixed rate, from when each was due.
 */
export async function benchApi({ quick, signal }: BenchOptions): Promise<Report> {
  return apiReport(quick ? QUICK : WHOLE, signal)
}

export async function apiReport(size: Size, signal: AbortSignal): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bench-'))
  try {
    const served = await measured(folder, size, signal)
    const passed = new Map<number, Passes>()
    for (const count of size.passesOver) passed.set(count, await passes(count, PASSES))
    return reportOf(size, served, passed)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Served {
  readonly ours: Summary
  readonly host: Summary
  readonly residentMib: number
  readonly residentAfterMib: number
  readonly cpuMicroseconds: number
  readonly get: Timed
  readonly list: Timed
  readonly create: Timed
}

interface Timed {
  readonly perSecond: number
  readonly times: readonly number[]
}

async function measured(folder: string, size: Size, signal: AbortSignal): Promise<Served> {
  const house = await startHouse(folder, size, signal)
  try {
    const residentMib = house.server.residentMib()
    const get = requestBytes({ ...house, method: 'GET', path: containerPath(nameAt(42)) })
    const [first] = house.connections
    await first?.ask(get)
    const compared = await beside(house, { get, body: first?.last() ?? '', size }, signal)
    const { latencyMs: durationMs } = size
    const half = { perSecond: compared.ours.median / 2, durationMs }
    const times = await latencies(house.connections, () => get, half)
    const list = await lists(house, size)
    const residentAfterMib = house.server.residentMib()
    const create = await creates(house, size)
    const timed = { get: { perSecond: compared.ours.median, times }, list, create }
    return { ...compared, ...timed, residentMib, residentAfterMib }
  } finally {
    for (const one of house.connections) one.close()
    await house.server.stop()
  }
}

interface House {
  readonly server: ServerProcess
  readonly port: number
  readonly apiKey: string
  readonly connections: readonly Connection[]
}

const Ready = z.object({ apiKey: z.string() })
const containersOf = (tenant: string): string => `/v1/tenants/${tenant}/containers`
const containerPath = (name: string): string => `${containersOf(TENANT)}/${name}`

async function startHouse(folder: string, size: Size, signal: AbortSignal): Promise<House> {
  const places = placesIn(folder)
  mkdirSync(places.control)
  mkdirSync(places.edge)
  const port = await freePort()
  const argument: HouseArgument = { folder, apiAddress: `127.0.0.1:${port}` }
  const house = (one: HouseArgument): Program => ({
    file: 'house.ts',
    args: [JSON.stringify(one)],
    // As `npm start` starts it.
    flags: flagsOf('src/control-plane.ts'),
    env: { NODE_COMPILE_CACHE: join(folder, 'compiled') },
  })
  const fill = { containers: size.containers, roomy: ROOMY }
  await (await startServer(house({ ...argument, fill }), signal)).ended()
  const server = await startServer(house(argument), signal)
  const { apiKey } = Ready.parse(server.said)
  return { server, port, apiKey, connections: await connected(port) }
}

const connected = (port: number, status = 200): Promise<Connection[]> =>
  Promise.all(Array.from({ length: CONNECTIONS }, () => connection(port, status)))

/** Ours and the peer in turn, so that what else the machine does falls on both. */
async function beside(
  house: House,
  { get, body, size }: { readonly get: Buffer; readonly body: string; readonly size: Size },
  signal: AbortSignal,
) {
  const port = await freePort()
  const peer = { file: 'host-server.ts', args: [body, String(port)], flags: [], env: {} }
  const server = await startServer(peer, signal)
  const connections = await connected(port)
  const request = (): Buffer => get
  const ours: number[] = []
  const host: number[] = []
  const cpu: number[] = []
  try {
    // The first round is not counted: in it the code is compiled.
    for (let round = 0; round <= size.rounds; round++) {
      signal.throwIfAborted()
      const before = house.server.cpuSeconds()
      const mine = await rate(house.connections, request, size.roundMs)
      const used = house.server.cpuSeconds() - before
      const theirs = await rate(connections, request, size.roundMs)
      if (round === 0) continue
      ours.push(mine)
      host.push(theirs)
      cpu.push((used * 1e9) / (mine * size.roundMs))
    }
  } finally {
    for (const one of connections) one.close()
    await server.stop()
  }
  return {
    ours: summaryOf(ours),
    host: summaryOf(host),
    cpuMicroseconds: summaryOf(cpu).median,
  }
}

async function lists({ connections, apiKey }: House, { latencyMs, roundMs }: Size): Promise<Timed> {
  const path = `${containersOf(TENANT)}?limit=1000`
  const request = requestBytes({ apiKey, method: 'GET', path })
  const perSecond = await rate(connections.slice(0, 2), () => request, roundMs)
  const fixed = { perSecond: LISTS_PER_SECOND, durationMs: latencyMs }
  return { perSecond, times: await latencies(connections, () => request, fixed) }
}

/** Accepted: the intent is on the disk. What comes of it goes on behind, as it would. */
async function creates({ port, apiKey }: House, { latencyMs, roundMs }: Size): Promise<Timed> {
  const connections = await connected(port, 202)
  let made = 0
  const request = (): Buffer => {
    const body = { name: `new-${made}`, image: IMAGE, ...SMALL }
    const tenant = ROOMY[made++ % ROOMY.length] ?? ''
    return requestBytes({ apiKey, method: 'POST', path: containersOf(tenant), body })
  }
  try {
    const fixed = { perSecond: CREATES_PER_SECOND, durationMs: latencyMs }
    const times = await latencies(connections, request, fixed)
    return { times, perSecond: await rate(connections.slice(0, 4), request, roundMs) }
  } finally {
    for (const one of connections) one.close()
  }
}

function reportOf(
  { containers }: Size,
  served: Served,
  passed: ReadonlyMap<number, Passes>,
): Report {
  const { ours, host, get, list, create } = served
  const passRows = [...passed].map(([count, { times }]): Row => {
    return { label: `pass over ${count}, ms`, summary: summaryOf(times) }
  })
  const medians = passRows.map(({ summary }) => summary.median)
  const calls = [...passed].map(([count, one]) => [`pass-${count}-calls`, one.calls] as const)
  const rows: readonly Row[] = [
    { label: 'cloudlet: GET container, per second', summary: ours },
    { label: 'host: the same bytes, per second', summary: host },
    { label: 'GET at half that rate, ms', summary: summaryOf(get.times) },
    { label: `list of ${containers}, ms`, summary: summaryOf(list.times) },
    { label: 'create accepted, ms', summary: summaryOf(create.times) },
    ...passRows,
  ]
  return {
    bench: 'api',
    title: `The API with ${containers} containers, and one pass of the reconciler with nothing to do`,
    rows,
    cloudlet: ours,
    peers: { host },
    cases: {
      'get-cpu-microseconds': served.cpuMicroseconds,
      'list-per-second': list.perSecond,
      'create-per-second': create.perSecond,
      'resident-mib': served.residentMib,
      'resident-after-load-mib': served.residentAfterMib,
      ...Object.fromEntries(calls),
      ...Object.fromEntries(passRows.map((row) => [caseOf(row), row.summary] as const)),
      'get-p99-ms': quantileOf(get.times, 0.99),
      'list-p99-ms': quantileOf(list.times, 0.99),
      'create-p99-ms': quantileOf(create.times, 0.99),
      // How many times as long the last takes as the first, over so many times as many containers.
      'pass-growth': (medians.at(-1) ?? NaN) / (medians[0] ?? NaN),
    },
  }
}

const caseOf = ({ label }: Row): string => label.replace(/pass over (\d+), ms/, 'pass-$1-ms')
