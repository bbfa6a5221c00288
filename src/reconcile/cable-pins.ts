import type { PlacedContainer } from '../../db/queries/containers.ts'
import { bridgeName, dockerName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Cable, Cables } from '../ports/cables.ts'
import type { Timers } from '../ports/timers.ts'
import type { Engine } from '../ports/engine.ts'
import { within } from './deadline.ts'
import type { KnownEngine } from './engine-view.ts'
import { stayingIn } from './placed-endpoints.ts'

export interface PinDeps {
  readonly engine: Pick<Engine, 'inspectContainer'>
  readonly known: Pick<KnownEngine, 'container'>
  /** Null where nothing is isolated. */
  readonly cables: Cables | null
  readonly instance: string
  readonly timers: Timers
  readonly log: Log
}

/** So many are looked for at once, after a start of the platform. */
const LOOKS_AT_ONCE = 4
const LOOK_MS = 20_000

/** Nobody waits for a look, so nobody ends it. */
const UNENDED = new AbortController().signal

const UNTOLD: ReadonlyMap<string, Cable> = new Map()

interface At {
  readonly mac: string
  readonly bridge: string
}

/** Which cables of the host each running container hangs on: they are made anew with each of its runs. */
export function cablePins({ engine, known, cables, instance, timers, log }: PinDeps) {
  const cablesAt = new Map<string, ReadonlyMap<string, Cable>>()

  const look = (one: PlacedContainer): Promise<void> =>
    within({ timers, ms: LOOK_MS, signal: UNENDED }, (signal) => lookAt(one, signal))

  async function lookAt({ row, tenant }: PlacedContainer, signal: AbortSignal): Promise<void> {
    const seen = await engine.inspectContainer(dockerName(tenant, 'container', row.id), signal)
    // An engine that does not say which process it is will not say so at the next look either.
    const found = seen && (seen.pid === undefined ? UNTOLD : await cables?.of(seen.pid, signal))
    if (found === UNTOLD) cablesAt.set(row.id, UNTOLD)
    else if (found && found.size > 0) cablesAt.set(row.id, found)
    else cablesAt.delete(row.id)
  }

  function portOf(id: string, { mac, bridge }: At): string | undefined {
    const cable = cablesAt.get(id)?.get(mac)
    return cable?.bridge === bridge ? cable.port : undefined
  }

  /** In each of its networks. */
  const isPinned = (one: PlacedContainer): boolean =>
    cablesAt.get(one.row.id) === UNTOLD ||
    stayingIn(one).every(({ network, mac }) => {
      const at = { mac, bridge: bridgeName(instance, network.id) }
      return portOf(one.row.id, at) !== undefined
    })

  return {
    /** The cable of a container in one of its networks. */
    portOf,

    /** Looks for them anew: the container has just been started, or is in another network than before. */
    async renew(placed: PlacedContainer): Promise<void> {
      if (cables) await look(placed)
    },

    /** Finds the cables of all that run and have none yet, forgets those of the others; answers whether any changed. */
    async settle(placed: readonly PlacedContainer[]): Promise<boolean> {
      if (!cables) return false
      const running = placed.filter(({ row, tenant }) => {
        return known.container(dockerName(tenant, 'container', row.id))?.status === 'running'
      })
      const ids = new Set(running.map(({ row }) => row.id))
      const over = [...cablesAt.keys()].filter((id) => !ids.has(id))
      for (const id of over) cablesAt.delete(id)
      const left = running.filter((one) => !isPinned(one))
      const isChanged = over.length + left.length > 0
      const lane = async (): Promise<void> => {
        for (let one = left.pop(); one; one = left.pop()) {
          const { id } = one.row
          await look(one).catch((error: unknown) => {
            log('warn', 'Cannot find the cable of a container', { container: id, error })
          })
        }
      }
      await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane))
      return isChanged
    },
  }
}

export type CablePins = ReturnType<typeof cablePins>
