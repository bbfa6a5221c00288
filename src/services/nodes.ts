import type { Store } from '../../db/open.ts'
import type { Node } from '../contract/nodes.ts'
import type { Machine } from '../core/capacity.ts'
import { notFound } from '../core/failure.ts'
import { added } from '../core/quota.ts'
import type { Engine, EngineContainer, EngineFacts } from '../ports/engine.ts'
import { accountOfPlatform } from './ledger.ts'
import { measured, type Use } from './live-use.ts'
import { nodeRow, scheduledAt } from './node-scheduling.ts'
import { disksOf } from './usage.ts'

export interface NodeDeps {
  readonly store: Store
  /** Name of the one machine that there is. */
  readonly node: string
  readonly engine: Pick<Engine, 'facts'>
  readonly machine: () => Machine | undefined
  readonly live: () => Promise<Use | undefined>
  readonly running: () => readonly EngineContainer[]
}

/** Asked within a request, so an engine that hangs must not hold it up for long. */
const FACTS_MS = 5_000

/** The machines that containers run on, of which there is one. */
export function nodeService({ store, node, engine, machine, live, running }: NodeDeps) {
  async function local(asking: AbortSignal): Promise<Node> {
    const signal = AbortSignal.any([asking, AbortSignal.timeout(FACTS_MS)])
    const [facts, account, used, row] = await Promise.all([
      // Asked of the engine each time: an update of it is what an operator wants to see.
      engine.facts(signal).catch(() => null),
      accountOfPlatform(store.read),
      live(),
      nodeRow(store.read, node),
    ])
    const known = machine()
    return {
      name: node,
      state: facts ? 'ready' : 'engine-away',
      scheduling: row.scheduling,
      scheduledAt: scheduledAt(row),
      kernel: facts?.kernel ?? null,
      engine: facts && engineOf(facts),
      cpus: known?.facts.cpus ?? null,
      memoryBytes: known?.facts.memoryBytes ?? null,
      disks: known ? disksOf(known) : null,
      running: running().length,
      reserved: fourOf(account.reserved),
      used: used ? fourOf(measured(added([...used.values()]))) : null,
    }
  }

  return {
    list: async (signal: AbortSignal): Promise<{ items: Node[] }> => ({
      items: [await local(signal)],
    }),

    async get(name: string, signal: AbortSignal): Promise<Node> {
      if (name !== node) throw notFound('node', name)
      return local(signal)
    },
  }
}
export type NodeService = ReturnType<typeof nodeService>

const engineOf = (facts: EngineFacts): NonNullable<Node['engine']> => ({
  version: facts.version,
  apiVersion: facts.apiVersion,
  runcVersion: facts.runcVersion,
  storageDriver: facts.storageDriver,
  cgroupDriver: facts.cgroupDriver,
  cgroupVersion: facts.cgroupVersion,
  runtimes: [...facts.runtimes],
  sandbox: facts.sandbox,
  liveRestore: facts.liveRestore,
})

type Four = Node['reserved']

const fourOf = ({
  containers = 0,
  cpuMilli = 0,
  memoryBytes = 0,
  pids = 0,
}: Partial<Four>): Four => ({
  containers,
  cpuMilli,
  memoryBytes,
  pids,
})
