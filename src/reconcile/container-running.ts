import { EngineRefusal } from '../ports/engine.ts'
import type { Notes } from './container-notes.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { edgeWord } from './edge-word.ts'
import { specOf } from './container-wanted.ts'
import { networkJoining } from './network-joining.ts'

const NOT_FOUND = 404

/** Starts, stops and removes, each in step with the edge. */
export function containerRunning(deps: StepDeps, notes: Notes) {
  const { engine, known, firewall } = deps
  const { told, withdrawn } = edgeWord(deps)
  const joining = networkJoining(deps)

  /**
   * The edge and the packet filter know who will ask before anyone can ask, and the run is written down before it is begun.
   * Which of the two comes first does not matter: a run that was written down and not begun is started
   * by the step `start`, which tells the edge again.
   */
  async function beginRun(at: StepAt, signal: AbortSignal): Promise<void> {
    // A variable is part of what the engine has: with another value it is made anew, by the next step.
    if (await deps.secrets.renewed(at.placed)) return remove(at, signal)
    const { row } = at.placed
    const startingAt = deps.clock.now().getTime()
    const change = { startedRun: row.run, startingAt, state: 'starting' } as const
    const written = notes.moved(row, change, { step: 'start', progress: 60 })
    const [begun] = await Promise.all([written, told(signal), firewall.asserted()])
    deps.passing('edge-told')
    deps.passing('run-begun')
    if (begun) await launch(at, signal)
  }

  async function start(at: StepAt, signal: AbortSignal): Promise<void> {
    // After a crash the edge may have forgotten; telling it what it knows costs a millisecond.
    await Promise.all([told(signal), firewall.asserted()])
    await launch(at, signal)
  }

  async function launch(at: StepAt, signal: AbortSignal): Promise<void> {
    const { placed, name, seen } = at
    // After a boot the host has forgotten it, and the engine would make one without limits.
    await deps.groups.ensured(placed.row.tenantId)
    await deps.secrets.prepare(placed)
    try {
      if (placed.further.length > 0) await joining.settle(at, signal)
      await engine.startContainer(name, signal)
      await joining.routed(at, signal)
    } catch (error) {
      if (!(error instanceof EngineRefusal) || error.status !== NOT_FOUND) throw error
      // Removed by another hand meanwhile, or its network was: the next look starts what is then there.
      await joining.rejoin({ placed, name, seen }, signal)
      return
    }
    deps.passing('container-started')
    firewall.started(placed)
    noteStarted(deps, name)
  }

  /** Nothing new is sent to one that is to stop; what is under way has the stop time to finish. */
  async function stop({ placed, name }: StepAt, signal: AbortSignal): Promise<void> {
    await withdrawn(placed, signal)
    await engine.stopContainer(name, specOf(placed.row).stopTimeoutSeconds, signal)
    deps.passing('container-stopped')
    const there = await engine.inspectContainer(name, signal)
    if (there) known.put(there)
    else known.drop(name)
  }

  async function remove({ placed, name, seen }: StepAt, signal: AbortSignal): Promise<void> {
    await withdrawn(placed, signal)
    deps.passing('withdrawn')
    const called = seen?.name ?? name
    await engine.removeContainer(called, signal)
    known.drop(called)
    deps.passing('container-removed')
  }

  return { beginRun, start, stop, remove }
}

function noteStarted({ known }: Pick<StepDeps, 'known'>, name: string): void {
  const there = known.container(name)
  if (!there) return
  const { exit: _, ...rest } = there
  known.put({ ...rest, status: 'running' })
}
