import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HostCertificate } from '../proxy/core/server-names.ts'
import { x509Authority } from '../src/adapters/x509-authority.ts'
import { freePort } from './api/processes.ts'
import type { BenchOptions } from './create.ts'
import { DOMAIN, TENANT } from './edge-process.ts'
import { echoLoad } from './ingress/echo-load.ts'
import { fullLoad, secureLoad, steadyLoad, type Asked, type Loaded } from './ingress/load.ts'
import { backendFile } from './ingress/peer-files.ts'
import { startProgram, type RunningProgram } from './ingress/program.ts'
import { programOf, SIDES, type Setting, type Side } from './ingress/sides.ts'
import { slowClients } from './ingress/slow-clients.ts'
import type { Report, Row } from './report.ts'
import { summaryOf, type Summary } from './statistics.ts'

/** How much of everything: what is told is the same, how sure one can be of it is not. */
interface Size {
  readonly rounds: number
  /** Rounds before that are not counted: in them code is compiled and pools are filled. */
  readonly warmUp: number
  readonly seconds: number
  readonly manyRoutes: number
  readonly connections: number
  readonly manyConnections: number
  readonly cases: readonly CaseName[]
}

const CASES = {
  'get-45': { path: '/small' },
  'get-16k': { path: '/large' },
  'post-16k': { path: '/post', bodyBytes: 16 * 1024 },
  'new-connections': { path: '/small', fresh: true },
  'slow-clients': { path: '/small', slow: 100 },
  'many-routes': { path: '/small', routes: 'many' },
  'many-connections': { path: '/small', crowd: true },
  'tls-h1': { path: '/small', secure: 'h1' },
  'tls-h2': { path: '/small', secure: 'h2' },
  websocket: { path: '/', echo: true },
} as const satisfies Record<string, Case>
type CaseName = keyof typeof CASES

interface Case {
  readonly path: string
  readonly bodyBytes?: number
  readonly fresh?: boolean
  /** So many clients beside that never come to the end of their requests. */
  readonly slow?: number
  readonly routes?: 'many'
  readonly crowd?: boolean
  readonly echo?: boolean
  readonly secure?: 'h1' | 'h2'
}

const WHOLE: Size = {
  rounds: 3,
  warmUp: 1,
  seconds: 2,
  manyRoutes: 10_000,
  connections: 256,
  manyConnections: 5000,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of what is written above
  cases: Object.keys(CASES) as CaseName[],
}
const QUICK: Size = { ...WHOLE, rounds: 2, cases: ['get-45'] }
/** Of HAProxy's most, at which it is asked how late the answers are. */
const STEADY_SHARE = 0.7
/** Where the load is the smaller part, or each connection carries several requests. */
const FEW_CONNECTIONS = 64

/**
 * The ingress beside nginx, HAProxy and Caddy: one worker each, the same backend, the same load, in turn.
 * What is told is requests per second of the proxy's own processor time, which other load on the machine
 * changes little; a failed request fails the bench.
 */
export async function benchIngress({ quick, signal }: BenchOptions): Promise<Report> {
  return ingressReport(quick ? QUICK : WHOLE, signal)
}

export async function ingressReport(size: Size, signal: AbortSignal): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bench-'))
  const running: RunningProgram[] = []
  try {
    const world = await startWorld({ folder, size, signal, running })
    const measured = new Map<CaseName, Figures>()
    for (const name of size.cases) measured.set(name, await measure(world, name))
    return reportOf(measured, await steady(world, measured))
  } finally {
    for (const one of running) await one.stop()
    rmSync(folder, { recursive: true })
  }
}

type Proxy = RunningProgram & { readonly tlsPort: number }
type Sides = Readonly<Record<Side, Proxy>>

interface World {
  readonly folder: string
  readonly size: Size
  readonly signal: AbortSignal
  readonly few: Sides
  readonly many: Sides
}

const ECHO_HOST = `echo.${TENANT}.${DOMAIN}`
const HOST = `app-0.${TENANT}.${DOMAIN}`
/** One that nobody has to believe: the load looks at none. */
async function certificateOf(name: string): Promise<HostCertificate> {
  const authority = x509Authority()
  const [made] = await authority.issue(
    await authority.create('Bench', Date.now()),
    [[name]],
    Date.now(),
  )
  if (made === undefined) throw new Error('There is no certificate')
  return { names: [name], chain: made.chain, key: made.key }
}

const ECHO_SERVER = fileURLToPath(new URL('ingress/echo-server.ts', import.meta.url))

async function startWorld(
  given: Pick<World, 'folder' | 'size' | 'signal'> & { readonly running: RunningProgram[] },
): Promise<World> {
  const { folder, size, signal, running } = given
  const start = async (program: Parameters<typeof startProgram>[0]): Promise<RunningProgram> => {
    const started = await startProgram(program, signal)
    running.push(started)
    return started
  }
  const [backendPort, echoPort] = [await freePort(), await freePort()]
  const files = join(folder, 'backend')
  mkdirSync(files)
  writeFileSync(join(files, 'large'), 'x'.repeat(16 * 1024))
  writeFileSync(join(files, 'nginx.conf'), backendFile(files, backendPort))
  const backend = ['nginx', '-c', join(files, 'nginx.conf'), '-e', '/dev/null']
  await start({ command: backend, port: backendPort })
  await start({ command: [process.execPath, ECHO_SERVER, String(echoPort)], port: echoPort })

  const certificate = await certificateOf(`*.${TENANT}.${DOMAIN}`)
  const sides = async (routes: number): Promise<Sides> => {
    const hosts = Array.from({ length: routes }, (_, i) => `app-${i}.${TENANT}.${DOMAIN}`)
    const started = async (side: Side): Promise<Proxy> => {
      const own = join(folder, `${side}-${routes}`)
      const tlsPort = await freePort()
      const setting: Setting = {
        folder: own,
        port: await freePort(),
        tlsPort,
        certificate,
        hosts,
        backendPort,
        echoHost: ECHO_HOST,
        echoPort,
      }
      return { ...(await start(programOf(side, setting))), tlsPort }
    }
    return {
      cloudlet: await started('cloudlet'),
      nginx: await started('nginx'),
      haproxy: await started('haproxy'),
      caddy: await started('caddy'),
    }
  }
  const few = await sides(1)
  const many = size.cases.includes('many-routes') ? await sides(size.manyRoutes) : few
  return { folder, size, signal, few, many }
}

type Figures = Readonly<Record<Side, readonly Figure[]>>

interface Figure extends Loaded {
  readonly perCpuSecond: number
  readonly perSecond: number
  readonly residentMib: number
}

async function measure(world: World, name: CaseName): Promise<Figures> {
  const figures: Record<Side, Figure[]> = { cloudlet: [], nginx: [], haproxy: [], caddy: [] }
  const { rounds, warmUp } = world.size
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const side of SIDES) {
      world.signal.throwIfAborted()
      const figure = await measureOne(world, CASES[name], side)
      if (round >= warmUp) figures[side].push(figure)
    }
  }
  return figures
}

async function measureOne(world: World, one: Case, side: Side): Promise<Figure> {
  const { size } = world
  const proxy = (one.routes === 'many' ? world.many : world.few)[side]
  const asked: Asked = {
    port: one.secure === undefined ? proxy.port : proxy.tlsPort,
    host: one.echo === true ? ECHO_HOST : HOST,
    path: one.path,
    connections: one.crowd === true ? size.manyConnections : size.connections,
    seconds: size.seconds,
    bodyBytes: one.bodyBytes,
    fresh: one.fresh,
  }
  const beside = slowClients(one.slow ?? 0, proxy.port, HOST)
  try {
    const before = proxy.cpuSeconds()
    const loaded = await loadOf(one, asked, world)
    return {
      ...loaded,
      perCpuSecond: loaded.requests / (proxy.cpuSeconds() - before),
      perSecond: loaded.requests / size.seconds,
      residentMib: proxy.residentMib(),
    }
  } finally {
    beside.close()
  }
}

function loadOf(one: Case, asked: Asked, { folder, signal }: World): Promise<Loaded> {
  const { secure } = one
  if (one.echo === true) return echoLoad({ ...asked, connections: FEW_CONNECTIONS }, signal)
  if (secure === undefined) return fullLoad(asked, folder, signal)
  return secureLoad({ ...asked, connections: FEW_CONNECTIONS, protocol: secure }, folder, signal)
}

/** How late the answers are at a rate that HAProxy carries easily, the same for all. */
async function steady(
  { few, size, folder, signal }: World,
  measured: ReadonlyMap<CaseName, Figures>,
): Promise<Readonly<Partial<Record<Side, readonly Loaded[]>>>> {
  const most = measured.get('get-45')?.haproxy.map(({ perSecond }) => perSecond)
  if (most === undefined) return {}
  const perSecond = summaryOf(most).median * STEADY_SHARE
  const found: Record<Side, Loaded[]> = { cloudlet: [], nginx: [], haproxy: [], caddy: [] }
  for (let round = 0; round < size.rounds; round++) {
    // Caddy cannot carry it.
    for (const side of ['cloudlet', 'nginx', 'haproxy'] as const) {
      const asked = { port: few[side].port, host: HOST, path: '/small', perSecond }
      const { connections, seconds } = size
      found[side].push(await steadyLoad({ ...asked, connections, seconds }, folder, signal))
    }
  }
  const { cloudlet, nginx, haproxy } = found
  return { cloudlet, nginx, haproxy }
}

function reportOf(
  measured: ReadonlyMap<CaseName, Figures>,
  late: Readonly<Partial<Record<Side, readonly Loaded[]>>>,
): Report {
  const rows: Row[] = []
  const cases: Record<string, Summary | number> = {}
  for (const [name, figures] of measured) {
    for (const side of SIDES) {
      const of = (what: keyof Figure): Summary => summaryOf(figures[side].map((one) => one[what]))
      rows.push({ label: `${name}: ${side}, requests a CPU second`, summary: of('perCpuSecond') })
      cases[`${name}-${side}`] = of('perCpuSecond').median
      cases[`${name}-${side}-p50-ms`] = of('p50Ms').median
      cases[`${name}-${side}-p99-ms`] = of('p99Ms').median
      cases[`${name}-${side}-mib`] = of('residentMib').max
    }
    for (const side of SIDES.slice(1)) {
      const ratio = medianOf(figures, 'cloudlet') / medianOf(figures, side)
      cases[`${name}-ratio-${side}`] = ratio
    }
  }
  for (const [side, all] of Object.entries(late)) {
    const summary = summaryOf(all.map(({ p99Ms }) => p99Ms))
    rows.push({ label: `steady: ${side}, p99 in ms`, summary })
    cases[`steady-${side}-p99-ms`] = summary.median
  }
  const [headline] = measured.values()
  if (headline === undefined) throw new RangeError('Nothing was measured')
  const summary = (side: Side): Summary =>
    summaryOf(headline[side].map(({ perCpuSecond }) => perCpuSecond))
  return {
    bench: 'ingress',
    title: 'One worker in front of one backend, in requests per second of its processor time',
    rows,
    cloudlet: summary('cloudlet'),
    peers: { nginx: summary('nginx'), haproxy: summary('haproxy'), caddy: summary('caddy') },
    cases,
  }
}

const medianOf = (figures: Figures, side: Side): number =>
  summaryOf(figures[side].map(({ perCpuSecond }) => perCpuSecond)).median
