import { Resolver } from 'node:dns/promises'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisWorld } from '../src/config.ts'
import { freePort } from './api/processes.ts'
import type { BenchOptions } from './create.ts'
import { askedOf, type Loaded } from './dns/load.ts'
import { coredns, nameOf, programOf, SIDES, upstreamProgram, ZONE, type Side } from './dns/sides.ts'
import { startProgram, type RunningProgram } from './ingress/program.ts'
import type { Report, Row } from './report.ts'
import { summaryOf, type Summary } from './statistics.ts'

/** How much of everything: what is told is the same, how sure one can be of it is not. */
interface Size {
  readonly rounds: number
  /** Rounds before that are not counted: in them code is compiled and the zone is read. */
  readonly warmUp: number
  readonly seconds: number
  readonly fewNames: number
  readonly manyNames: number
  readonly cases: readonly CaseName[]
}

const CASES = {
  'few-names': { names: 'few', rcode: 'NOERROR' },
  'many-names': { names: 'many', rcode: 'NOERROR' },
  absent: { names: 'few', rcode: 'NXDOMAIN' },
  // Of others, asked for once and then known.
  cached: { names: 'few', rcode: 'NOERROR' },
} as const
type CaseName = keyof typeof CASES

const WHOLE: Size = {
  rounds: 5,
  warmUp: 1,
  seconds: 2,
  fewNames: 500,
  manyNames: 100_000,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of what is written above
  cases: Object.keys(CASES) as CaseName[],
}
const QUICK: Size = { ...WHOLE, rounds: 2, seconds: 1, cases: ['few-names'] }
/** Of its own most, at which a server must lose nothing. */
const STEADY_SHARE = 0.8

/**
 * The responder beside dnsmasq, BIND, CoreDNS where it is built, and a bare echo: one thread each, the same names, the
 * same load, in turn. What is told is answers per second of the server's own processor time, which other
 * load on the machine changes little.
 */
export async function benchDns({ quick, signal }: BenchOptions): Promise<Report> {
  return dnsReport(quick ? QUICK : WHOLE, thisWorld().env['PATH'] ?? '', signal)
}

export async function dnsReport(size: Size, path: string, signal: AbortSignal): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bench-'))
  const running: RunningProgram[] = []
  try {
    const world = await startWorld({ folder, size, path, signal, running })
    const measured = new Map<CaseName, Figures>()
    const steady = new Map<CaseName, Figures>()
    for (const name of size.cases) {
      const figures = await measure(world, name, () => undefined)
      const rate = (side: Side): number =>
        STEADY_SHARE * medianOf(figures.get(side) ?? [], 'perSecond')
      measured.set(name, figures)
      steady.set(name, await measure(world, name, rate))
    }
    return reportOf(measured, steady)
  } finally {
    for (const one of running) await one.stop()
    rmSync(folder, { recursive: true })
  }
}

type Servers = ReadonlyMap<Side, RunningProgram>

interface World {
  readonly size: Size
  readonly signal: AbortSignal
  readonly servers: { readonly few: Servers; readonly many: Servers }
  readonly questions: Readonly<Record<CaseName, string>>
}

async function startWorld(
  given: Pick<World, 'size' | 'signal'> & {
    readonly folder: string
    readonly path: string
    readonly running: RunningProgram[]
  },
): Promise<World> {
  const { folder, size, path, signal, running } = given
  const built = coredns(path)
  const upstreamPort = await freePort()
  running.push(await startProgram(upstreamProgram(upstreamPort), signal))
  const start = async (names: number): Promise<Servers> => {
    const servers = new Map<Side, RunningProgram>()
    for (const side of SIDES) {
      if (side === 'coredns' && built === null) continue
      const own = join(folder, `${side}-${names}`)
      const setting = { folder: own, port: await freePort(), names, upstreamPort }
      const started = await startProgram(programOf(side, setting, built), signal)
      running.push(started)
      await firstAnswer(setting.port)
      servers.set(side, started)
    }
    return servers
  }
  const few = await start(size.fewNames)
  const many = size.cases.includes('many-names') ? await start(size.manyNames) : few
  const asked = (name: string, count: number, text: (i: number) => string): string => {
    const file = join(folder, name)
    // In no order, so that no server is helped by what is near in its memory.
    const lines = Array.from({ length: count }, (_, i) => `${text((i * STEP) % count)} A\n`)
    writeFileSync(file, lines.join(''))
    return file
  }
  const questions = {
    'few-names': asked('few', size.fewNames, (i) => `${nameOf(i)}.${ZONE}`),
    'many-names': asked('many', size.manyNames, (i) => `${nameOf(i)}.${ZONE}`),
    absent: asked('absent', size.fewNames, (i) => `none-${i}.${ZONE}`),
    cached: asked('cached', size.fewNames, (i) => `www-${i}.example.org`),
  }
  return { size, signal, servers: { few, many }, questions }
}

/** A server that listens may still be reading its names. */
async function firstAnswer(port: number): Promise<void> {
  const resolver = new Resolver({ timeout: FIRST_ANSWER_MS, tries: 2 })
  resolver.setServers([`127.0.0.1:${port}`])
  await resolver.resolve4(`${nameOf(0)}.${ZONE}`)
}

const FIRST_ANSWER_MS = 20_000

/** A prime, so that every name comes up once. */
const STEP = 7919

type Figures = ReadonlyMap<Side, readonly Figure[]>

interface Figure extends Loaded {
  readonly perCpuSecond: number
  readonly perSecond: number
  readonly residentMib: number
}

async function measure(
  { size, signal, servers, questions }: World,
  name: CaseName,
  rateOf: (side: Side) => number | undefined,
): Promise<Figures> {
  const { names } = CASES[name]
  const all = servers[names]
  const figures = new Map<Side, Figure[]>([...all.keys()].map((side) => [side, []]))
  for (let round = 0; round < size.warmUp + size.rounds; round++) {
    for (const [side, server] of all) {
      const perSecond = rateOf(side)
      const rate = perSecond === undefined ? {} : { perSecond }
      const { port } = server
      const asked = { port, questions: questions[name], seconds: size.seconds, ...rate }
      const before = server.cpuSeconds()
      const loaded = await askedOf(asked, rcodeOf(name, side), signal)
      const figure = {
        ...loaded,
        perCpuSecond: loaded.answers / (server.cpuSeconds() - before),
        perSecond: loaded.answers / loaded.seconds,
        residentMib: server.residentMib(),
      }
      if (round >= size.warmUp) figures.get(side)?.push(figure)
    }
  }
  return figures
}

function reportOf(
  measured: ReadonlyMap<CaseName, Figures>,
  steady: ReadonlyMap<CaseName, Figures>,
): Report {
  const rows: Row[] = []
  const cases: Record<string, number> = {}
  for (const [name, figures] of measured) {
    for (const [side, all] of figures) {
      const summary = summaryOf(all.map(({ perCpuSecond }) => perCpuSecond))
      rows.push({ label: `${name}: ${side}, answers a CPU second`, summary })
      const late = steady.get(name)?.get(side) ?? []
      cases[`${name}-${side}`] = summary.median
      cases[`${name}-${side}-per-second`] = medianOf(all, 'perSecond')
      cases[`${name}-${side}-mib`] = medianOf(all, 'residentMib')
      cases[`${name}-${side}-p50-ms`] = medianOf(late, 'p50Ms')
      cases[`${name}-${side}-p99-ms`] = medianOf(late, 'p99Ms')
      cases[`${name}-${side}-lost`] = late.reduce((sum, { lost }) => sum + lost, 0)
    }
    for (const side of [...figures.keys()].slice(1)) {
      cases[`${name}-ratio-${side}`] = perCpuOf(figures, 'cloudlet') / perCpuOf(figures, side)
    }
  }
  const [few, many] = [measured.get('few-names'), measured.get('many-names')]
  if (few && many) cases['many-to-few'] = perCpuOf(many, 'cloudlet') / perCpuOf(few, 'cloudlet')
  const [headline] = measured.values()
  if (headline === undefined) throw new RangeError('Nothing was measured')
  const summary = (side: Side): Summary =>
    summaryOf((headline.get(side) ?? []).map(({ perCpuSecond }) => perCpuSecond))
  const peers = [...headline.keys()].slice(1).map((side) => [side, summary(side)] as const)
  return {
    bench: 'dns',
    title: 'One zone, in answers per second of the server’s processor time',
    rows,
    cloudlet: summary('cloudlet'),
    peers: Object.fromEntries(peers),
    cases,
  }
}

/** CoreDNS's `hosts` says SERVFAIL of a name that it does not have; the least that is possible has all. */
function rcodeOf(name: CaseName, side: Side): string {
  if (side === 'host') return 'NOERROR'
  return side === 'coredns' && name === 'absent' ? 'SERVFAIL' : CASES[name].rcode
}

const perCpuOf = (figures: Figures, side: Side): number =>
  medianOf(figures.get(side) ?? [], 'perCpuSecond')

function medianOf(all: readonly Figure[], what: keyof Figure): number {
  return summaryOf(all.map((one) => one[what] ?? Number.NaN)).median
}
