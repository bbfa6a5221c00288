import type { Queries, Store } from '../../db/open.ts'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import type { NodeRow } from '../../db/queries/nodes.ts'
import type { NewEvent } from '../core/event.ts'
import { effectiveDesired, type Holds } from '../core/effective-desired.ts'
import { isSettled } from '../core/scheduling.ts'
import type { Clock } from '../ports/clock.ts'
import { wakeDue, type DueDeps } from './due.ts'
import { holdsNow } from './holds.ts'
import { advanceOperations, endOperations } from './operation-notes.ts'

export interface NodeDeps extends DueDeps {
  readonly store: Store
  readonly clock: Clock
  /** Before the engine has been listed nothing can be decided, and the list wakes whoever is due. */
  readonly isUp: () => boolean
  readonly operationEnded: (id: string) => void
  readonly record: (q: Queries, event: NewEvent) => Promise<void>
  readonly passing: (point: string) => void
}

/** While a machine is being drained, or filled again, it is looked at this often: rows in memory. */
const LOOK_MS = 250

/** Has all containers of a machine follow its state, and ends its operations when they have. */
export function nodeReconciler(deps: NodeDeps) {
  const { store } = deps
  /** The word of which everybody has been told. */
  const told = new Map<string, number>()

  return {
    async reconcile(id: string): Promise<number | undefined> {
      const open = await store.read.operations.openOn(id)
      const node = (await store.read.nodes.all()).find((one) => one.id === id)
      if (open.length === 0 || !node) return undefined
      if (deps.isUp() && told.get(id) !== node.generation) {
        await wakeDue(deps, false)
        told.set(id, node.generation)
      }
      const all = (await store.read.containers.live()).filter((one) => concerns(node, one))
      const holdsOf = await holdsNow(store)
      const left = all.filter(
        (one) => !isSettled(node.scheduling, effective(one, holdsOf(one))),
      ).length
      if (left === 0) {
        await ended(deps, node)
        return undefined
      }
      const progress = Math.floor((1 - left / all.length) * 100)
      if (open.some((one) => one.progress !== progress || one.state === 'pending')) {
        await store.write((q) =>
          advanceOperations(q, { ...at(deps, node), step: 'containers', progress }),
        )
      }
      return LOOK_MS
    },
  }
}

const effective = ({ row }: PlacedContainer, holds: Holds) => ({
  state: row.state,
  desired: effectiveDesired({ desired: row.desired, ...holds }),
})

/** What came after an uncordon is another's business. */
const concerns = ({ id, scheduling, changedAt }: NodeRow, { row }: PlacedContainer): boolean =>
  row.nodeId === id && (scheduling === 'drained' || row.createdAt <= changedAt)

const at = ({ clock }: NodeDeps, { id }: NodeRow) => ({
  targetId: id,
  nowMs: clock.now().getTime(),
})

async function ended(deps: NodeDeps, node: NodeRow): Promise<void> {
  deps.passing('before-node-settled')
  const over = await deps.store.write(async (q) => {
    const now = (await q.nodes.all()).find(({ id }) => id === node.id)
    if (now?.generation !== node.generation) return []
    if (node.scheduling === 'drained') await deps.record(q, drained(node))
    return endOperations(q, at(deps, node), { state: 'succeeded' })
  })
  for (const id of over) deps.operationEnded(id)
  deps.passing('node-settled')
}

const drained = ({ id }: NodeRow): NewEvent => ({
  tenantId: null,
  action: 'node.drained',
  level: 'warning',
  target: { kind: 'node', id, name: id },
  message: `Machine "${id}" is drained: no container runs on it until it is uncordoned`,
  details: { scheduling: 'drained' },
})
