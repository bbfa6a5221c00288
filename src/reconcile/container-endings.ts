import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { backoffMs, STEADY_RUN_MS } from '../core/container-plan.ts'
import { ROOT_REFUSAL_MS, speaksOfReadOnlyRoot } from '../core/container-shape.ts'
import { failure, type Failure } from '../core/failure.ts'
import type { EngineContainer } from '../ports/engine.ts'
import type { StepDeps } from './container-steps.ts'
import { advanceOperations, endOperations, type Ending } from './operation-notes.ts'
import { publishSoon } from './publisher.ts'
import { checkOf } from './routes.ts'

/** An operation that waits for health this long has failed, whatever the edge says or does not say. */
const HEALTH_DEADLINE_MS = 10 * 60_000
const LOG_TAIL = 20
/** What an operation does while its container runs and the edge has not seen it answer. */
const HEALTH_STEP = 'health'

/** Writes down what has come of a container: each in one transaction, with the end of its operations. */
export function containerEndings(deps: StepDeps) {
  const { store, clock } = deps
  const now = (): number => clock.now().getTime()

  /** Changes the row unless a newer intent has come, ends operations with it, and tells those who wait. */
  async function noted(
    row: ContainerRow,
    change: Partial<ContainerRow>,
    ending?: Ending | 'awaits-health',
  ): Promise<void> {
    const ended = await store.write(async (q) => {
      if (!(await q.containers.updateAt(row, change))) return []
      if (ending !== 'awaits-health') return ending ? end(q, row, ending) : []
      await awaitHealth(q, row)
      return []
    })
    for (const id of ended) deps.operationEnded(id)
    publishSoon(deps)
  }

  const awaitHealth = (q: Queries, { id }: ContainerRow): Promise<void> =>
    advanceOperations(q, { targetId: id, nowMs: now() }, HEALTH_STEP, 80)

  const end = (q: Queries, { id }: ContainerRow, ending: Ending): Promise<string[]> =>
    endOperations(q, { targetId: id, nowMs: now() }, ending)

  async function running(
    { row }: PlacedContainer,
    seen: EngineContainer | undefined,
  ): Promise<void> {
    const change: Partial<ContainerRow> = {
      state: 'running',
      startedAt: seen?.exit?.startedAt.getTime() ?? now(),
      finishedAt: null,
      exitCode: null,
      endpointsJson: JSON.stringify(
        (seen?.published ?? []).map(({ port, protocol, hostPort }) => ({
          port,
          protocol,
          address: `127.0.0.1:${hostPort}`,
        })),
      ),
    }
    // Where health is checked, the operation goes on until the edge has seen it.
    await noted(row, change, checkOf(row) === null ? { state: 'succeeded' } : 'awaits-health')
    deps.passing('running-noted')
  }

  async function exited(
    { row, tenant }: PlacedContainer,
    seen: EngineContainer | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const exit = seen?.exit
    const exitCode = exit?.exitCode ?? null
    const finishedAt = exit?.finishedAt.getTime() ?? now()
    const ranMs = finishedAt - (exit?.startedAt.getTime() ?? finishedAt)
    const reason = await reasonOf(row, { seen, ranMs }, signal)
    const policy = (JSON.parse(row.specJson) as { restart: 'no' | 'on-failure' | 'always' }).restart
    const again = policy === 'always' || (policy === 'on-failure' && exitCode !== 0)
    const restarts = ranMs >= STEADY_RUN_MS ? 0 : row.restarts
    const change: Partial<ContainerRow> = {
      exitCode,
      finishedAt,
      reasonCode: reason.code,
      reasonMessage: reason.message,
      state: again ? 'restarting' : 'exited',
      ...(again ? { retryAt: now() + backoffMs(restarts) } : {}),
    }
    deps.log('info', 'Container ended', {
      container: row.id,
      tenant,
      exitCode,
      reason: reason.code,
      again,
    })
    await noted(
      row,
      change,
      exitCode === 0 ? { state: 'succeeded' } : failedWith(row, exitCode, reason),
    )
  }

  async function reasonOf(
    row: ContainerRow,
    { seen, ranMs }: { seen: EngineContainer | undefined; ranMs: number },
    signal: AbortSignal,
  ): Promise<{ code: string; message: string }> {
    const exit = seen?.exit
    if (!exit) return { code: 'exited', message: 'The process has ended' }
    if (exit.oomKilled) {
      const message = `The process used more than its ${row.memoryBytes} bytes of memory; give it more with "memoryBytes"`
      return { code: 'out-of-memory', message }
    }
    if (exit.exitCode === 0)
      return { code: 'completed', message: 'The process has ended with code 0' }
    if (row.policy === 'restricted' && ranMs < ROOT_REFUSAL_MS) {
      const lines = await lastLines(seen.name, signal)
      if (speaksOfReadOnlyRoot(lines)) {
        const message =
          'The process could not write to its root, which the policy "restricted" makes read-only; write to /tmp or /run, or create it with "policy": "baseline" where the tenant allows it'
        return { code: 'root-read-only', message }
      }
    }
    const words = exit.error === '' ? '' : `: ${exit.error}`
    return { code: 'exited', message: `The process has ended with code ${exit.exitCode}${words}` }
  }

  async function lastLines(name: string, signal: AbortSignal): Promise<string[]> {
    const lines: string[] = []
    const wanted = { tail: LOG_TAIL, follow: false, streams: ['stdout', 'stderr'] } as const
    for await (const { line } of deps.engine.logs(name, wanted, signal)) lines.push(line)
    return lines
  }

  async function nextRun({ row }: PlacedContainer): Promise<void> {
    const restarts = row.restarts + 1
    await noted(row, { run: row.run + 1, restarts, state: 'starting', retryAt: null })
    deps.passing('next-run')
  }

  async function stopped(
    { row }: PlacedContainer,
    seen: EngineContainer | undefined,
  ): Promise<void> {
    const change: Partial<ContainerRow> = {
      state: 'stopped',
      exitCode: seen?.exit?.exitCode ?? row.exitCode,
      finishedAt: seen?.exit?.finishedAt.getTime() ?? row.finishedAt,
    }
    await noted(row, change, { state: 'succeeded' })
    deps.passing('stopped-noted')
  }

  async function failed({ row }: PlacedContainer, why: Failure): Promise<void> {
    await noted(
      row,
      { state: 'failed', reasonCode: why.code, reasonMessage: why.message, startedRun: row.run },
      { state: 'failed', failure: why },
    )
  }

  /** Gives back what the row held, once the engine has been seen without the container. */
  async function released({ row }: PlacedContainer): Promise<void> {
    const ended = await store.write(async (q) => {
      const removedAt = now()
      await q.containers.update(row.id, { removedAt, state: 'deleting' })
      await q.names.release(row.id)
      await q.addresses.release(row.id, removedAt)
      return end(q, row, { state: 'succeeded' })
    })
    deps.passing('released')
    for (const id of ended) deps.operationEnded(id)
    await deps.publisher.publish()
  }

  /** Ends the operations of a container that is as desired, as soon as its health is known. */
  async function settle({ row }: PlacedContainer): Promise<void> {
    const open = await store.read.operations.openOn(row.id)
    if (open.length === 0) return
    const waited = now() - Math.min(...open.map(({ createdAt }) => createdAt))
    const ending = endingOf(row, waited)
    // Every write costs a flush to the disk; what is written down already is not written again.
    if (!ending && open.every(({ step }) => step === HEALTH_STEP)) return
    const ended = await store.write(async (q) => {
      if (ending) return end(q, row, ending)
      await awaitHealth(q, row)
      return []
    })
    for (const id of ended) deps.operationEnded(id)
  }

  function endingOf(row: ContainerRow, waitedMs: number): Ending | undefined {
    if (row.state === 'exited' || row.state === 'failed') return endedAs(row)
    if (row.state !== 'running' || checkOf(row) === null) return { state: 'succeeded' }
    const report = deps.edge.health(row.id)
    if (report?.run === row.startedRun && report.healthy) return { state: 'succeeded' }
    const why = report?.run === row.startedRun ? report.reason : undefined
    if (why === undefined && waitedMs < HEALTH_DEADLINE_MS) return undefined
    const seconds = Math.round(waitedMs / 1000)
    const message = `Container "${row.name}" runs, but is not healthy: ${why ?? 'no answer'}`
    return {
      state: 'failed',
      failure: failure('timed-out', message, { action: 'become healthy', seconds }),
    }
  }

  return { running, exited, nextRun, stopped, failed, released, settle }
}

function endedAs(row: ContainerRow): Ending {
  if (row.exitCode === 0) return { state: 'succeeded' }
  const { reasonCode, reasonMessage } = row
  return failedWith(row, row.exitCode, {
    code: reasonCode ?? 'exited',
    message: reasonMessage ?? '',
  })
}

function failedWith(
  row: ContainerRow,
  exitCode: number | null,
  reason: { readonly code: string; readonly message: string },
): Ending {
  const message = `Container "${row.name}" did not stay up: ${reason.message}`
  return {
    state: 'failed',
    failure: failure('container-exited', message, { exitCode, reason: reason.code }),
  }
}
