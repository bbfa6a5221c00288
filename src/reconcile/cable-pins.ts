import type { PlacedContainer } from '../../db/queries/containers.ts'
import { bridgeName, dockerName } from '../core/docker-names.ts'
import type { Log } from '../log.ts'
import type { Cables } from '../ports/cables.ts'
import type { Engine } from '../ports/engine.ts'
import type { KnownEngine } from './engine-view.ts'

export interface PinDeps {
  readonly engine: Pick<Engine, 'inspectContainer'>
  readonly known: Pick<KnownEngine, 'container'>
  /** Null where nothing is isolated. */
  readonly cables: Cables | null
  readonly instance: string
  readonly log: Log
}

/** So many are looked for at once, after a start of the platform. */
const LOOKS_AT_ONCE = 4
const LOOK_MS = 20_000

/** Which cable of the host each running container hangs on: it is made anew with each of its runs. */
export function cablePins({ engine, known, cables, instance, log }: PinDeps) {
  const ports = new Map<string, string>()

  async function look(placed: PlacedContainer): Promise<void> {
    const { row, tenant, network, mac } = placed
    const signal = AbortSignal.timeout(LOOK_MS)
    const seen = await engine.inspectContainer(dockerName(tenant, 'container', row.id), signal)
    const found = seen?.pid === undefined ? undefined : await cables?.of(seen.pid, signal)
    const cable = found?.get(mac)
    if (cable?.bridge === bridgeName(instance, network.id)) ports.set(row.id, cable.port)
    else ports.delete(row.id)
  }

  return {
    portOf: (id: string): string | undefined => ports.get(id),

    /** Looks for it anew: the container has just been started. */
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
      const over = [...ports.keys()].filter((id) => !ids.has(id))
      for (const id of over) ports.delete(id)
      const left = running.filter(({ row }) => !ports.has(row.id))
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
