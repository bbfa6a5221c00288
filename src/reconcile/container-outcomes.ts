import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { isHold } from '../core/effective-desired.ts'
import type { Failure } from '../core/failure.ts'
import type { EngineContainer } from '../ports/engine.ts'
import type { Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import { minHealthyMs } from './container-wanted.ts'
import { checkOf } from './routes.ts'

/** What a container has come to, written down. */
export function containerOutcomes({ clock, passing, secrets }: StepDeps, notes: Notes) {
  return {
    async running({ row }: PlacedContainer, seen: EngineContainer): Promise<void> {
      const change: Partial<ContainerRow> = {
        state: 'running',
        startedAt: seen.exit?.startedAt.getTime() ?? clock.now().getTime(),
        finishedAt: null,
        exitCode: null,
        endpointsJson: JSON.stringify(endpointsOf(seen)),
      }
      // The operation goes on until it has stayed up and, where health is checked, the edge has seen it.
      const isEnough = checkOf(row) === null && minHealthyMs(row) === 0
      await notes.changed(row, change, isEnough ? { state: 'succeeded' } : 'awaits-health')
      passing('running-noted')
    },

    async stopped({ row }: PlacedContainer, seen: EngineContainer | undefined): Promise<void> {
      const change: Partial<ContainerRow> = {
        state: 'stopped',
        exitCode: seen?.exit?.exitCode ?? row.exitCode,
        finishedAt: seen?.exit?.finishedAt.getTime() ?? row.finishedAt,
        // It was kept from running, and is not to run any more.
        ...(isHold(row.reasonCode) && { reasonCode: null, reasonMessage: null }),
      }
      await notes.changed(row, change, { state: 'succeeded' })
      passing('stopped-noted')
    },

    async failed(placed: PlacedContainer, why: Failure): Promise<void> {
      const { row } = placed
      await secrets.taken(placed)
      const change: Partial<ContainerRow> = {
        state: 'failed',
        reasonCode: why.code,
        reasonMessage: why.message,
        startedRun: row.run,
      }
      await notes.changed(row, change, { state: 'failed', failure: why })
    },
  }
}

const endpointsOf = ({ published }: EngineContainer) =>
  published.map(({ port, protocol, hostPort }) => ({
    port,
    protocol,
    address: `127.0.0.1:${hostPort}`,
  }))
