import type { PlacedContainer } from '../../db/queries/containers.ts'
import { funnelName, type Shape } from '../core/bandwidth.ts'
import { bridgeName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Shaper } from '../ports/shaper.ts'
import type { Timers } from '../ports/timers.ts'
import type { CablePins } from './cable-pins.ts'
import { specOf } from './container-wanted.ts'
import { within } from './deadline.ts'
import { stayingIn } from './placed-endpoints.ts'

export interface BandwidthDeps {
  /** Null where nothing is isolated. */
  readonly shaper: Shaper | null
  readonly pins: Pick<CablePins, 'portOf'>
  readonly instance: string
  readonly timers: Timers
  readonly log: Log
}

const DEADLINE_MS = 20_000
const UNENDED = new AbortController().signal

export const isLimited = ({ row }: PlacedContainer): boolean => specOf(row).bandwidth !== undefined

/** Holds the cables of containers to what they may receive and send. What fails is tried at the next full look. */
export function bandwidthKeeper({ shaper, pins, instance, timers, log }: BandwidthDeps) {
  const cablesOf = (placed: PlacedContainer): string[] =>
    stayingIn(placed).flatMap(
      ({ network, mac }) =>
        pins.portOf(placed.row.id, { mac, bridge: bridgeName(instance, network.id) }) ?? [],
    )

  function shapeOf(placed: PlacedContainer): Shape[] {
    const { ingress = null, egress = null } = specOf(placed.row).bandwidth ?? {}
    const cables = cablesOf(placed)
    const funnel = funnelName(instance, placed.row.id)
    return cables.length === 0 ? [] : [{ cables, funnel, ingress, egress }]
  }

  return async (containers: readonly PlacedContainer[], isThorough: boolean): Promise<void> => {
    const shapes = containers.filter(isLimited).flatMap(shapeOf)
    const free = containers.filter((one) => !isLimited(one)).flatMap(cablesOf)
    await within({ timers, ms: DEADLINE_MS, signal: UNENDED }, async (signal) =>
      shaper?.assert({ shapes, free }, isThorough, signal),
    ).catch((error: unknown) =>
      log('warn', 'Cannot limit what containers receive and send', { error }),
    )
  }
}
