import type { HealthReport, RouteTable } from '../core/route-table.ts'
import { compileZone, type View, type Zone } from '../core/zone.ts'
import { sources, type SourcesDeps } from './sources.ts'

export interface CurrentZoneDeps extends SourcesDeps {
  /** Unguessable: see `nameStore`. */
  readonly seed: number
}

interface Current {
  /** Null before the first table: it is unknown whose names there are. */
  readonly zone: Zone | null
  readonly viewOf: (address: string) => View
}

/** The zone of the last table. A change takes effect with the next question; many cost as much as one. */
export function currentZone(deps: CurrentZoneDeps) {
  let wanted: { table: RouteTable; health: readonly HealthReport[] } | null = null
  let now: Current = { zone: null, viewOf: sources(null, deps) }

  return {
    update: (table: RouteTable, health: readonly HealthReport[]): void => {
      wanted = { table, health }
    },
    get: (): Current => {
      if (wanted === null) return now
      const { table, health } = wanted
      // Forgotten first: a table that cannot be compiled fails one question, not each of them.
      wanted = null
      const zone = compileZone(table, health, deps.seed)
      now = { zone, viewOf: sources(zone, deps) }
      return now
    },
  }
}
