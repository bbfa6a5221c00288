import type { Queries, Store } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { containerRepaired } from '../core/container-event.ts'
import type { NewEvent } from '../core/event.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { DefaultRoutes } from '../ports/default-routes.ts'
import type { Edge } from '../ports/edge.ts'
import type { Engine, EngineContainer } from '../ports/engine.ts'
import type { Timers } from '../ports/timers.ts'
import type { ContainerSecrets } from './container-secrets.ts'
import type { KnownEngine } from './engine-view.ts'
import type { SettledFirewall } from './firewall.ts'
import type { ImageResolver } from './images.ts'
import type { Publisher } from './publisher.ts'
import type { SettledGroups } from './tenant-groups.ts'

/** What the steps of a container are made of. */
export interface StepDeps {
  readonly store: Store
  readonly engine: Engine
  readonly edge: Edge
  readonly known: KnownEngine
  readonly publisher: Publisher
  readonly images: ImageResolver
  readonly groups: Pick<SettledGroups, 'ensured'>
  readonly firewall: Omit<SettledFirewall, 'settle'>
  /** Null where the platform may not look into containers. */
  readonly routes: DefaultRoutes | null
  readonly secrets: Omit<ContainerSecrets, 'sweep'>
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly instance: string
  /** Null where containers get no names (unisolated). */
  readonly resolver: string | null
  readonly internalDomain: string
  readonly operationEnded: (id: string) => void
  /** Something of the tenant has changed, for which an operation on the whole of it may wait. */
  readonly tenantMoved: (tenantId: string) => void
  /** Writes an event inside the transaction of what it tells of. */
  readonly record: (q: Queries, event: NewEvent) => Promise<void>
  /** Does what gives back something of a tenant's quota, inside its transaction. */
  readonly watched: <T>(q: Queries, tenantId: string, work: () => Promise<T>) => Promise<T>
  /** Refuses an image that the tenant does not have yet and has no room for, inside the transaction that notes it. */
  readonly admitImage: (q: Queries, image: ImageHeld) => Promise<void>
  /** Called between every two steps; tests let the process die there. */
  readonly passing: (point: string) => void
}

interface ImageHeld {
  readonly tenantId: string
  readonly reference: string
  readonly imageId: string
  readonly imageBytes: number
}

/** One step's subject: the row as read, its Docker name, and what the engine shows. */
export interface StepAt {
  readonly placed: PlacedContainer
  readonly name: string
  readonly seen: EngineContainer | undefined
}

/** Writes down that another hand's work was put right. */
export const repairNotes =
  ({ store, record, log }: Pick<StepDeps, 'store' | 'record' | 'log'>) =>
  async (
    { row }: PlacedContainer,
    found: string,
    change: Partial<ContainerRow> = {},
  ): Promise<void> => {
    log('warn', 'Container repaired', { container: row.id, found })
    await store.writeFor(row.tenantId, async (q) => {
      if (Object.keys(change).length > 0) await q.containers.updateAt(row, change)
      await record(q, containerRepaired(row, found))
    })
  }
