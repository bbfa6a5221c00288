import type { Queries, Store } from '../../db/open.ts'
import type { NodeRow } from '../../db/queries/nodes.ts'
import type { ScheduledNode } from '../contract/nodes.ts'
import type { Actor } from '../core/actor.ts'
import { failure, notFound, type Subject } from '../core/failure.ts'
import {
  admitsStart,
  noticeOf,
  schedulingAfter,
  type NodeVerb,
  type Scheduling,
} from '../core/scheduling.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { Change } from './change.ts'
import type { EventService } from './events.ts'
import type { OperationService } from './operations.ts'

export interface NodeSchedulingDeps {
  readonly store: Store
  readonly clock: Clock
  readonly node: string
  readonly audit: Pick<AuditService, 'accepted'>
  readonly events: Pick<EventService, 'record'>
  readonly operations: Pick<OperationService, 'begin' | 'ended'>
  /** Has the reconciler make it true. */
  readonly wakeNode: (node: string) => void
}

/** What each word of an operator is told as. That a machine is drained is told when nothing runs on it. */
const TOLD = {
  cordon: { action: 'node.cordoned', says: 'takes nothing new' },
  drain: { action: 'node.draining', says: 'is being drained' },
  uncordon: { action: 'node.uncordoned', says: 'takes everything again' },
} as const satisfies Record<NodeVerb, { action: string; says: string }>

/** What an operator lets a machine take. */
export function nodeScheduling(deps: NodeSchedulingDeps) {
  const { store, operations } = deps
  return {
    async change(verb: NodeVerb, name: string, actor: Actor): Promise<Change<ScheduledNode>> {
      if (name !== deps.node) throw notFound('node', name)
      const { begun, row } = await store.write((q) => changed(deps, q, { verb, actor }))
      deps.wakeNode(name)
      for (const older of begun.superseded) operations.ended(older)
      return {
        operation: begun.operation,
        resource: scheduledNode(row),
        fresh: async () => scheduledNode(await nodeRow(store.read, name)),
      }
    },
  }
}
export type NodeScheduling = ReturnType<typeof nodeScheduling>

interface Asked {
  readonly verb: NodeVerb
  readonly actor: Actor
}

async function changed(deps: NodeSchedulingDeps, q: Queries, { verb, actor }: Asked) {
  const was = await nodeRow(q, deps.node)
  const scheduling = schedulingAfter(verb, was.scheduling)
  const isNews = scheduling !== was.scheduling
  const generation = was.generation + 1
  const changedAt = isNews ? deps.clock.now().getTime() : was.changedAt
  const row: NodeRow = { id: deps.node, scheduling, generation, changedAt }
  await q.nodes.put(row)
  const begun = await deps.operations.begin(q, {
    tenantId: null,
    kind: `nodes.${verb}`,
    target: { kind: 'node', id: deps.node, name: deps.node },
    generation,
    // What changes nothing joins what is under way.
    supersedes: isNews,
    // Nothing that runs has to be touched.
    done: verb === 'cordon',
  })
  if (isNews) await deps.events.record(q, eventOf(verb, row))
  const resource = scheduledNode(row)
  await deps.audit.accepted(q, actor, {
    action: `nodes.${verb}`,
    tenant: null,
    target: `node/${deps.node}`,
    status: 202,
    output: { operation: begun.operation, resource },
  })
  return { begun, row }
}

function eventOf(verb: NodeVerb, { id, scheduling }: NodeRow) {
  const { action, says } = TOLD[verb]
  return {
    tenantId: null,
    action,
    level: verb === 'uncordon' ? 'info' : 'warning',
    target: { kind: 'node', id, name: id },
    message: `Machine "${id}" ${says}`,
    details: { scheduling },
  } as const
}

/** One of which nobody has said anything takes everything. */
export async function nodeRow({ nodes }: Pick<Queries, 'nodes'>, id: string): Promise<NodeRow> {
  const known = (await nodes.all()).find((one) => one.id === id)
  return known ?? { id, scheduling: 'open', generation: 0, changedAt: 0 }
}

const scheduledNode = ({ id, scheduling, changedAt }: NodeRow): ScheduledNode => ({
  name: id,
  scheduling,
  scheduledAt: scheduledAt({ changedAt }),
  notice: noticeOf(scheduling),
})

export const scheduledAt = ({ changedAt }: Pick<NodeRow, 'changedAt'>): string | null =>
  changedAt === 0 ? null : new Date(changedAt).toISOString()

interface Start extends Subject {
  readonly node: string
  /** It is one that is to run already. */
  readonly isThere: boolean
}

/** Refuses what a machine does not take, inside the transaction that would have it start. */
export async function refuseCordoned(q: Queries, { node, isThere, ...subject }: Start) {
  const { scheduling } = await nodeRow(q, node)
  if (!admitsStart(scheduling, isThere)) throw cordoned(subject, node, scheduling)
}

function cordoned({ verb, kind, name }: Subject, node: string, scheduling: Scheduling) {
  const why = scheduling === 'drained' ? 'is drained, and runs nothing' : 'takes nothing new'
  return failure(
    'node-cordoned',
    `Cannot ${verb} ${kind} "${name}": machine "${node}" ${why}; try again when its operator has uncordoned it`,
    { node, scheduling: scheduling === 'drained' ? 'drained' : 'cordoned' },
  )
}
