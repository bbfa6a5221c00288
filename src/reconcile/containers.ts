import type { Step } from '../core/container-plan.ts'
import { dockerName } from '../core/docker-names.ts'
import { Failure } from '../core/failure.ts'
import { EngineRefusal } from '../ports/engine.ts'
import { decision, isRunning } from './container-decision.ts'
import { containerExit } from './container-exit.ts'
import { containerImage } from './container-image.ts'
import { containerJoining } from './container-joining.ts'
import { containerLook } from './container-look.ts'
import { containerMaking } from './container-making.ts'
import { containerNotes, type Notes } from './container-notes.ts'
import { containerOutcomes } from './container-outcomes.ts'
import { engineRefusals } from './container-refusals.ts'
import { containerHands, containerRepairs } from './container-repairs.ts'
import { containerResize, isPuttingBack } from './container-resize.ts'
import { containerRunning } from './container-running.ts'
import { containerSettling } from './container-settling.ts'
import { givingWay } from './container-patience.ts'
import { containerHolding } from './container-holding.ts'
import { holdsNow } from './holds.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import type { Turn } from './loop.ts'

/** More than any way from nothing to running takes; beyond it something goes round in circles. */
const MOST_STEPS = 20

/**
 * Brings one container to what its row says: looks, decides the next step (`core/container-plan.ts`),
 * does it, looks again. Killed at any point, the next look finds what was begun.
 */
export function containerReconciler(deps: StepDeps) {
  const { store, clock } = deps
  const look = containerLook(deps)
  const notes = containerNotes(deps)
  const hands = { notes, joining: containerJoining(deps), limits: containerResize(deps) }
  const failed = fates(deps, hands)
  const repairs = containerRepairs(deps)
  const perform = performer(deps, hands)
  const settle = containerSettling(deps, notes)
  const patiently = givingWay(deps)
  const refusals = engineRefusals(deps)

  async function reconcile(id: string, signal: AbortSignal, { aside, isEnding }: Turn) {
    for (let done = 0; done < MOST_STEPS; done++) {
      signal.throwIfAborted()
      if (isEnding()) return undefined
      const placed = await store.read.containers.placedById(id)
      if (!placed) return forgotten(id)
      const name = dockerName(placed.tenant, 'container', id)
      const seen = await look.at(placed, name, signal)
      const holds = (await holdsNow(store))(placed)
      const step = decision(placed, seen, { nowMs: clock.now().getTime(), holds })
      if (step.do === 'wait') return Math.max(1, step.untilMs - clock.now().getTime())
      if (step.do === 'nothing') {
        if (await repairs.drifted({ placed, name, seen }, signal)) continue
        return soonest(await settle(placed), repairs.dueInMs(id))
      }
      deps.log('debug', 'Container step', { container: id, step: step.do })
      deps.passing(`before-${step.do}`)
      const at = { placed, name, seen }
      const doing = (either: AbortSignal): Promise<void> => taken(step, at, either)
      if (SLOW.has(step.do)) await patiently(placed, doing, { signal, aside })
      else await doing(signal)
    }
    throw new Error(`Container "${id}" takes more than ${MOST_STEPS} steps`)
  }

  function forgotten(id: string): undefined {
    refusals.forget(id)
    repairs.forget(id)
    return undefined
  }

  /** A refusal by the engine or the registry is the container's fate; anything else is tried again. */
  async function taken(step: Step, at: StepAt, signal: AbortSignal): Promise<void> {
    const { id } = at.placed.row
    try {
      await perform(step, at, signal)
      if (FATEFUL.has(step.do)) refusals.taken(id)
    } catch (error) {
      if (!FATEFUL.has(step.do)) throw error
      const failure = failureOf(error)
      if (!failure || isPutBack(step, at)) throw error
      if (await refusals.mayPass({ step, at, error }, signal)) throw error
      refusals.taken(id)
      deps.log('info', 'Container failed', { container: id, step: step.do, error })
      await failed({ step, at, why: failure }, signal)
    }
  }

  return { reconcile, forgive: refusals.forgive }
}

const soonest = (...all: readonly (number | undefined)[]): number | undefined => {
  const known = all.filter((ms) => ms !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

interface Hands {
  readonly notes: Notes
  readonly joining: ReturnType<typeof containerJoining>
  readonly limits: ReturnType<typeof containerResize>
}

interface Fate {
  readonly step: Step
  readonly at: StepAt
  readonly why: Failure
}

/** What a failure means to a container: its end, or that it keeps the limits or networks it has. */
function fates(deps: StepDeps, { notes, joining, limits }: Hands) {
  const outcomes = containerOutcomes(deps, notes)
  return ({ step, at, why }: Fate, signal: AbortSignal): Promise<void> => {
    if (step.do === 'join') return joining.refused(at, why, signal)
    const { placed } = at
    return step.do === 'resize' ? limits.refused(placed.row, why) : outcomes.failed(placed, why)
  }
}

type Perform = (step: Step, at: StepAt, signal: AbortSignal) => Promise<void>

/** Which hand does which step. */
function performer(deps: StepDeps, { notes, joining, limits }: Hands): Perform {
  const look = containerLook(deps)
  const resolveImage = containerImage(deps, notes)
  const create = containerMaking(deps)
  const run = containerRunning(deps, notes)
  const hands = containerHands(deps)
  const exit = containerExit(deps, notes)
  const outcomes = containerOutcomes(deps, notes)
  const holding = containerHolding(deps, { notes, stop: run.stop })

  /** Our own word that it runs can be older than its end: only the engine's counts. */
  async function noteRunning({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    const asked = await look.again(name, signal)
    if (asked && isRunning(asked)) await outcomes.running(placed, asked)
  }

  async function noteExit(at: StepAt, signal: AbortSignal): Promise<void> {
    const seen = at.seen?.exit ? at.seen : await look.again(at.name, signal)
    await deps.secrets.taken(at.placed)
    await exit.exited(at.placed, seen, signal)
  }

  return async (step, at, signal) => {
    switch (step.do) {
      case 'resolve-image':
        return resolveImage(at.placed, signal)
      case 'create':
        return create(at, signal)
      case 'begin-run':
        return run.beginRun(at, signal)
      case 'start':
        return run.start(at, signal)
      case 'rename':
        return hands.rename(at, signal)
      case 'unpause':
        return hands.unpause(at, signal)
      case 'replace':
        return hands.replace(at, signal)
      case 'resize':
        return limits.resize(at, signal)
      case 'join':
        return joining.join(at, signal)
      case 'note-running':
        return noteRunning(at, signal)
      case 'note-exit':
        return noteExit(at, signal)
      case 'next-run':
        return exit.nextRun(at.placed)
      case 'stop':
        return run.stop(at, signal)
      case 'note-stopped':
        await deps.secrets.taken(at.placed)
        return outcomes.stopped(at.placed, at.seen)
      case 'hold':
        return holding.hold(at, signal)
      case 'note-held':
        return holding.held(at)
      case 'resume':
        return holding.resumed(at.placed)
      case 'remove':
        return run.remove(at, signal)
      case 'release':
        await deps.secrets.taken(at.placed)
        return notes.released(at.placed)
      case 'nothing':
      case 'wait':
        return undefined
    }
  }
}

/** A pull takes as long as its registry does, and a stop as long as its container may. */
const SLOW: ReadonlySet<Step['do']> = new Set(['resolve-image', 'stop', 'hold'])

const FATEFUL: ReadonlySet<Step['do']> = new Set([
  'resolve-image',
  'create',
  'start',
  'begin-run',
  'resize',
  'join',
])

const isPutBack = (step: Step, { placed }: StepAt): boolean =>
  step.do === 'resize' && isPuttingBack(placed.row)

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error
  if (!(error instanceof EngineRefusal)) return undefined
  const { message, answer } = error
  return new Failure('engine-refused', message, { action: 'run the container', answer })
}
