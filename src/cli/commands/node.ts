import {
  cordonNode,
  drainNode,
  getNode,
  listNodes,
  uncordonNode,
  type Node,
} from '../../contract/nodes.ts'
import { amountText } from '../limits.ts'
import type { Work } from '../command.ts'
import { fields } from '../table.ts'
import { sizeText } from '../units.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const HEAD = ['NODE', 'STATE', 'TAKES', 'ENGINE', 'CPUS', 'MEMORY', 'RUNNING']

export const list: Work = async (context) => {
  const found = await (await context.api()).call(listNodes, {})
  return context.show(found, () =>
    context.table(
      HEAD,
      found.items.map(({ name, state, scheduling, engine, cpus, memoryBytes, running }) => [
        name,
        state,
        TAKES[scheduling],
        engine?.version ?? '-',
        cpus === null ? '-' : String(cpus),
        memoryBytes === null ? '-' : sizeText(memoryBytes),
        String(running),
      ]),
    ),
  )
}

const TAKES = { open: 'everything', cordoned: 'nothing new', drained: 'nothing' } as const

const scheduling =
  (endpoint: typeof cordonNode | typeof drainNode | typeof uncordonNode): Work =>
  async (context, given) => {
    const [node = 'local'] = given.positionals
    const { resource, operation } = await (await context.api()).call(endpoint, { params: { node } })
    // Said before it is waited for, since the wait may be long.
    if (resource.notice !== null) await context.note(resource.notice)
    const ended = await succeeded(context, { tenant: null, operation, timeoutMs: timeoutMs(given) })
    const text = `${resource.name} takes ${TAKES[resource.scheduling]}\n`
    return context.show({ resource, operation: ended }, () => text)
  }

export const cordon = scheduling(cordonNode)
export const drain = scheduling(drainNode)
export const uncordon = scheduling(uncordonNode)

export const showOne: Work = async (context, given) => {
  const [node = 'local'] = given.positionals
  const found = await (await context.api()).call(getNode, { params: { node } })
  return context.show(found, () => fields(rowsOf(found)))
}

function rowsOf(node: Node): (readonly [string, string])[] {
  const { engine, disks, used } = node
  return [
    ['Node', node.name],
    ['State', node.state],
    ['Takes', takesText(node)],
    ['Kernel', node.kernel ?? '-'],
    ['CPUs', node.cpus === null ? '-' : String(node.cpus)],
    ['Memory', node.memoryBytes === null ? '-' : sizeText(node.memoryBytes)],
    ...(disks ?? []).map(
      ({ path, usedPercent, freeBytes }) =>
        ['Disk', `${path}: ${usedPercent} % used, ${sizeText(freeBytes)} free`] as const,
    ),
    ...(engine ? engineRows(engine) : []),
    ['Running', String(node.running)],
    ['Reserved', amountsText(node.reserved)],
    ['Used', used === null ? '-' : amountsText(used)],
  ]
}

const takesText = ({ scheduling: now, scheduledAt }: Node): string =>
  now === 'open' || scheduledAt === null ? TAKES[now] : `${TAKES[now]}, since ${scheduledAt}`

const engineRows = (engine: NonNullable<Node['engine']>): (readonly [string, string])[] => [
  ['Engine', `${engine.version}, API ${engine.apiVersion}, runc ${engine.runcVersion || '-'}`],
  ['Storage driver', engine.storageDriver],
  ['Cgroups', `version ${engine.cgroupVersion}, ${engine.cgroupDriver}`],
  ['Runtimes', engine.runtimes.join(' ')],
]

const amountsText = ({ containers, cpuMilli, memoryBytes, pids }: Node['reserved']): string =>
  `${containers} containers, ${amountText('cpuMilli', cpuMilli)} CPUs, ` +
  `${sizeText(memoryBytes)}, ${pids} pids`
