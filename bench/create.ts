import { randomBytes } from 'node:crypto'
import { startPlatform } from '../test/support/platform.ts'
import { DEMO_IMAGE } from '../test/support/tenant.ts'
import { cloudletSide, type CloudletSide } from './cloudlet-side.ts'
import { engineSide, type EngineSide } from './engine-side.ts'
import type { Report, Row } from './report.ts'
import { summaryOf, type Summary } from './statistics.ts'
import type { Laps } from './stopwatch.ts'

export interface BenchOptions {
  /** The headline alone, in under 40 s. */
  readonly quick: boolean
  readonly engineSocket: string
  readonly signal: AbortSignal
}

/** How long taking something away may last, also after the bench was told to end. */
const REMOVAL_MS = 60_000
const RUNS = 20
const RUNS_QUICK = 10
/** Nothing is logged that a user would not see, and no other container gets in the way. */
const ENV = { CLOUDLET_DEMO: '0', CLOUDLET_LOG_LEVEL: 'warn' }

/**
 * From the request for a container to the first 200 through the ingress, against create, start and the
 * first 200 by the Engine's own API: the same image, walls, resources and kind of network. The two take
 * turns, so that whatever else the machine does falls on both.
 */
export async function benchCreate(options: BenchOptions): Promise<Report> {
  const { quick, engineSocket: socketPath, signal } = options
  const platform = await startPlatform(ENV)
  try {
    const cloudlet = await cloudletSide({ platform, image: DEMO_IMAGE }, signal)
    const prefix = `bench-${randomBytes(4).toString('hex')}`
    const engine = await engineSide({ socketPath, prefix, image: DEMO_IMAGE }, signal)
    try {
      return reportOf(await turns({ cloudlet, engine }, quick ? RUNS_QUICK : RUNS, signal))
    } finally {
      cloudlet.close()
      await engine.close(removalDeadline())
    }
  } finally {
    await platform.remove()
  }
}

interface Sides {
  readonly cloudlet: CloudletSide
  readonly engine: EngineSide
}

interface Run {
  readonly totalMs: number
  readonly times: ReadonlyMap<string, number>
}

interface Runs {
  readonly cloudlet: readonly Run[]
  readonly engine: readonly Run[]
}

/** The first run of each is not counted: it makes the tenant's network and fills what is filled once. */
async function turns(sides: Sides, count: number, signal: AbortSignal): Promise<Runs> {
  const runs: Record<'cloudlet' | 'engine', Run[]> = { cloudlet: [], engine: [] }
  for (let index = 0; index <= count; index++) {
    for (const side of ['cloudlet', 'engine'] as const) {
      const run = await oneRun(sides[side], index, signal)
      if (index > 0) runs[side].push(run)
    }
  }
  return runs
}

interface Side {
  run(index: number, signal: AbortSignal): Promise<Laps<string>>
  remove(index: number, signal: AbortSignal): Promise<void>
}

async function oneRun(side: Side, index: number, signal: AbortSignal): Promise<Run> {
  try {
    const laps = await side.run(index, signal)
    return { totalMs: laps.totalMs(), times: laps.times }
  } finally {
    await side.remove(index, removalDeadline())
  }
}

const removalDeadline = (): AbortSignal => AbortSignal.timeout(REMOVAL_MS)

function reportOf(runs: Runs): Report {
  const cloudlet = summaryOf(runs.cloudlet.map(({ totalMs }) => totalMs))
  const engine = summaryOf(runs.engine.map(({ totalMs }) => totalMs))
  const rows: readonly Row[] = [
    { label: 'cloudlet: request to first 200', summary: cloudlet },
    { label: 'engine: create to first 200', summary: engine },
    ...stepRows('cloudlet', runs.cloudlet),
    ...stepRows('engine', runs.engine),
  ]
  return {
    bench: 'create',
    title: 'A container from the request to the first answer, in milliseconds',
    rows,
    cloudlet,
    peers: { engine },
    cases: Object.fromEntries(rows.slice(2).map(caseOf)),
  }
}

function stepRows(side: string, runs: readonly Run[]): Row[] {
  const steps = [...(runs[0]?.times.keys() ?? [])]
  return steps.map((step) => ({
    label: `${side}: ${step}`,
    summary: summaryOf(runs.map(({ times }) => times.get(step) ?? NaN)),
  }))
}

const caseOf = ({ label, summary }: Row): readonly [string, Summary] => [
  label.replace(': ', '-').replaceAll(' ', '-'),
  summary,
]
