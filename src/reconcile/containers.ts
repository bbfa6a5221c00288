import type { PlacedContainer } from '../../db/queries/containers.ts'
import { nextStep, type Observed, type Step } from '../core/container-plan.ts'
import { dockerName } from '../core/docker-names.ts'
import { Failure } from '../core/failure.ts'
import { EngineRefusal, type EngineContainer } from '../ports/engine.ts'
import { containerSteps, type StepDeps } from './container-steps.ts'
import { containerEndings } from './container-endings.ts'
import type { Aside } from './loop.ts'

/** More than any way from nothing to running takes; beyond it something goes round in circles. */
const MOST_STEPS = 20

export type ContainerReconciler = ReturnType<typeof containerReconciler>

/**
 * Brings one container to what its row says: looks, decides the next step (`core/container-plan.ts`),
 * does it, looks again. Killed at any point, the next look finds what was begun.
 */
export function containerReconciler(deps: StepDeps) {
  const steps = containerSteps(deps)
  const endings = containerEndings(deps)

  async function reconcile(
    id: string,
    signal: AbortSignal,
    aside: Aside = (slow) => slow,
  ): Promise<number | undefined> {
    for (let done = 0; done < MOST_STEPS; done++) {
      signal.throwIfAborted()
      const placed = await deps.store.read.containers.placedById(id)
      if (!placed) return undefined
      const name = dockerName(placed.tenant, 'container', id)
      const seen = await observe(placed, name, signal)
      const step = nextStep(intentOf(placed), observedOf(seen), deps.clock.now().getTime())
      if (step.do === 'wait') return Math.max(1, step.untilMs - deps.clock.now().getTime())
      if (step.do === 'nothing') {
        await endings.settle(placed)
        return undefined
      }
      deps.log('debug', 'Container step', { container: id, step: step.do })
      const at = { placed, name, seen }
      if (SLOW.has(step.do)) await patiently(step, at, { signal, aside })
      else await taken(step, at, signal)
    }
    throw new Error(`Container "${id}" takes more than ${MOST_STEPS} steps`)
  }

  /** A step that may take minutes gives way to a newer intent: the next look decides anew. */
  async function patiently(
    step: Step,
    at: StepAt,
    { signal, aside }: { signal: AbortSignal; aside: Aside },
  ): Promise<void> {
    const { id, generation } = at.placed.row
    const newer = new AbortController()
    const look = (): void => {
      deps.store.read.containers.byId(id).then(
        (row) => row?.generation !== generation && newer.abort(),
        (error: unknown) => deps.log('warn', 'Cannot read a container', { container: id, error }),
      )
    }
    try {
      const slow = taken(step, at, AbortSignal.any([signal, newer.signal]))
      // A newer intent may have come between the reading of the row and now.
      look()
      await aside(slow, look)
    } catch (error) {
      if (!newer.signal.aborted || signal.aborted) throw error
      deps.log('debug', 'A newer intent has come', { container: id, step: step.do })
    }
  }

  /** A refusal by the engine or the registry is the container's fate; anything else is tried again. */
  async function taken(step: Step, at: StepAt, signal: AbortSignal): Promise<void> {
    try {
      await perform(step, at, signal)
    } catch (error) {
      const failure = error instanceof Failure ? error : refusalOf(error)
      if (!failure || !FATEFUL.has(step.do)) throw error
      deps.log('info', 'Container failed', { container: at.placed.row.id, step: step.do, error })
      await endings.failed(at.placed, failure)
    }
  }

  async function perform(step: Step, at: StepAt, signal: AbortSignal): Promise<void> {
    switch (step.do) {
      case 'resolve-image':
        return steps.resolveImage(at.placed, signal)
      case 'create':
        return steps.create(at, signal)
      case 'begin-run':
        return steps.beginRun(at, signal)
      case 'start':
        return steps.start(at, signal)
      case 'note-running':
        return noteRunning(at, signal)
      case 'note-exit':
        return endings.exited(at.placed, await details(at, signal), signal)
      case 'next-run':
        return endings.nextRun(at.placed)
      case 'stop':
        return steps.stop(at, signal)
      case 'note-stopped':
        return endings.stopped(at.placed, at.seen)
      case 'remove':
        return steps.remove(at, signal)
      case 'release':
        return endings.released(at.placed)
      case 'nothing':
      case 'wait':
        return undefined
    }
  }

  /** Asks the engine itself where the view does not say enough to decide. */
  async function observe(
    { row }: PlacedContainer,
    name: string,
    signal: AbortSignal,
  ): Promise<EngineContainer | undefined> {
    const known = deps.known.container(name)
    const ended = known && known.status !== 'running' && known.status !== 'created'
    const settled = row.state === 'exited' || row.state === 'failed' || row.state === 'stopped'
    // A container that is not to be must be seen to be gone before what it holds is given away.
    const unsure = known ? ended && !known.exit && !settled : row.desired === 'absent'
    if (!unsure) return known
    const asked = await deps.engine.inspectContainer(name, signal)
    if (asked) deps.known.put(asked)
    else deps.known.drop(name)
    return asked
  }

  /** Our own word that it runs can be older than its end: only the engine's counts. */
  async function noteRunning({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    const asked = await deps.engine.inspectContainer(name, signal)
    if (asked) deps.known.put(asked)
    else deps.known.drop(name)
    if (asked && STATUS[asked.status] === 'running') await endings.running(placed, asked)
  }

  async function details(
    { name, seen }: StepAt,
    signal: AbortSignal,
  ): Promise<EngineContainer | undefined> {
    return seen?.exit ? seen : deps.engine.inspectContainer(name, signal)
  }

  return { reconcile }
}

/** One step's subject: the row as read, its Docker name, and what the engine shows. */
export interface StepAt {
  readonly placed: PlacedContainer
  readonly name: string
  readonly seen: EngineContainer | undefined
}

/** A pull takes as long as its registry does, and a stop as long as its container may. */
const SLOW: ReadonlySet<Step['do']> = new Set(['resolve-image', 'stop'])

const FATEFUL: ReadonlySet<Step['do']> = new Set(['resolve-image', 'create', 'start', 'begin-run'])

function refusalOf(error: unknown): Failure | undefined {
  if (!(error instanceof EngineRefusal)) return undefined
  const { message, answer } = error
  return new Failure('engine-refused', message, { action: 'run the container', answer })
}

const intentOf = ({ row }: PlacedContainer) => ({ ...row, hasImage: row.imageJson !== null })

function observedOf(seen: EngineContainer | undefined): Observed | undefined {
  if (!seen) return undefined
  const startedAt = seen.exit?.startedAt.getTime() ?? null
  return { status: STATUS[seen.status], startedAt }
}

/** A paused container still runs; one that is dead or being removed can only be waited for. */
const STATUS = {
  created: 'created',
  running: 'running',
  paused: 'running',
  restarting: 'running',
  removing: 'other',
  exited: 'exited',
  dead: 'exited',
} as const satisfies Record<EngineContainer['status'], Observed['status']>
