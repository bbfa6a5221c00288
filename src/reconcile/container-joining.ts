import type { Queries } from '../../db/open.ts'
import { containerMoved } from '../core/container-event.ts'
import { dockerName } from '../core/docker-names.ts'
import type { Failure } from '../core/failure.ts'
import { EngineRefusal } from '../ports/engine.ts'
import { writing } from './container-notes.ts'
import type { StepAt, StepDeps } from './container-steps.ts'
import { edgeWord } from './edge-word.ts'
import { networkJoining } from './network-joining.ts'
import { networksOf } from './placed-endpoints.ts'
import { endOperations, type Ending } from './operation-notes.ts'
import { publishSoon } from './publisher.ts'

const NOT_FOUND = 404
/** Another operation of the container may be on its way: it is not over. */
const KINDS = ['containers.attach', 'containers.detach']

/** Has a container in the networks that its row says, whether it runs or not. */
export function containerJoining(deps: StepDeps) {
  const { known, passing, firewall } = deps
  const written = writing(deps)
  const joining = networkJoining(deps)
  const { told } = edgeWord(deps)
  const now = (): number => deps.clock.now().getTime()

  async function end(q: Queries, targetId: string, ending: Ending): Promise<string[]> {
    const ended: string[] = []
    for (const kind of KINDS) {
      ended.push(...(await endOperations(q, { targetId, nowMs: now(), kind }, ending)))
    }
    return ended
  }

  /** An address is given back only now that the engine has been seen without it. */
  async function done({ placed: { row } }: StepAt): Promise<void> {
    await written(row, async (q) => {
      await q.addresses.releaseLeft(row.id, now())
      await q.containers.update(row.id, { joiningSince: null })
      await deps.record(q, containerMoved(row))
      return end(q, row.id, { state: 'succeeded' })
    })
    publishSoon(deps)
  }

  return {
    async join(at: StepAt, signal: AbortSignal): Promise<void> {
      // Edge and packet filter know who will be there before anybody is.
      if (at.seen) await Promise.all([told(signal), firewall.asserted()])
      passing('networks-told')
      try {
        if (at.seen) await joining.settle(at, signal)
      } catch (error) {
        if (!(error instanceof EngineRefusal) || error.status !== NOT_FOUND) throw error
        // It went between the look and the change: the next look finds what is there.
        for (const one of networksOf(at.placed)) known.dropNetwork(one)
        known.drop(at.name)
        return
      }
      if (at.seen) await joining.routed(at, signal)
      if (at.seen?.status === 'running') firewall.started(at.placed)
      passing('networks-joined')
      await done(at)
    },

    /** What could not be joined is left again, by the next step. */
    async refused({ placed, name }: StepAt, why: Failure, signal: AbortSignal): Promise<void> {
      const { row, tenant, further } = placed
      const there = (await deps.engine.inspectContainer(name, signal))?.set?.networks ?? []
      const isThere = (id: string): boolean => there.includes(dockerName(tenant, 'network', id))
      await written(row, async (q) => {
        for (const { network } of further.filter((one) => !isThere(one.network.id))) {
          await q.addresses.leave({ containerId: row.id, networkId: network.id }, now())
        }
        return end(q, row.id, { state: 'failed', failure: why })
      })
    },
  }
}
