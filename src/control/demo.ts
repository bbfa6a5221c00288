import type { BuildProgress } from '../adapters/platform-images.ts'
import { ContainerCreate } from '../contract/containers.ts'
import { TenantCreate } from '../contract/tenants.ts'
import { PLATFORM } from '../core/actor.ts'
import { Failure } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { Timers } from '../ports/timers.ts'
import type { ContainerService } from '../services/containers.ts'
import type { TenantService } from '../services/tenants.ts'

export const DEMO = { tenant: 'demo', name: 'hello', image: 'cloudlet/demo:latest' } as const

export interface DemoDeps {
  readonly tenants: TenantService
  readonly containers: ContainerService
}

/**
 * Makes the demo tenant and its app at the first start. Later starts leave it as the user has: stopped,
 * changed or deleted.
 */
export async function makeDemo(
  { tenants, containers }: DemoDeps,
  refused: (why: string) => void,
): Promise<void> {
  await unlessTaken(tenants.create(TenantCreate.parse({ slug: DEMO.tenant }), PLATFORM))
  const { name, image } = DEMO
  const wanted = ContainerCreate.parse({ name, image, restart: 'always' })
  try {
    await unlessTaken(containers.create(DEMO.tenant, wanted, PLATFORM))
  } catch (error) {
    // A host without room, or limits that leave none: a platform without the demo is one all the same.
    if (!(error instanceof Failure) || !NO_ROOM.has(error.code)) throw error
    refused(error.message)
  }
}

const NO_ROOM: ReadonlySet<string> = new Set(['capacity-exceeded', 'quota-exceeded'])

export interface ReadyDeps {
  readonly containers: Pick<ContainerService, 'get'>
  readonly clock: Clock
  readonly timers: Timers
}

const READY_MS = 60_000
const LOOK_EVERY_MS = 25

/** Waits until the demo's app is healthy, unless it is not to run; after a minute it is not waited for. */
export async function demoReady(deps: ReadyDeps, signal: AbortSignal): Promise<void> {
  const until = deps.clock.now().getTime() + READY_MS
  while (deps.clock.now().getTime() < until && !signal.aborted) {
    const app = await existing(deps.containers.get(DEMO.tenant, DEMO.name))
    if (app?.desired !== 'running' || app.health === 'healthy') return
    await new Promise<void>((resolve) => void deps.timers.after(LOOK_EVERY_MS, resolve))
  }
}

/** The user may have deleted the demo. */
async function existing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Failure && error.code === 'not-found') return undefined
    throw error
  }
}

async function unlessTaken(made: Promise<unknown>): Promise<void> {
  try {
    await made
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'name-taken') throw error
  }
}

/** Tells of a build now and then: a first start takes a while, and must not look stuck. */
export function buildTeller(say: (line: string) => void): (progress: BuildProgress) => void {
  let last = ''
  return ({ tag }) => {
    if (tag !== last) say(`Building the image ${tag.replace(/:.*/, '')} …`)
    last = tag
  }
}
