import { getNode, listNodes, type Node } from '../../contract/nodes.ts'
import { amountText } from '../limits.ts'
import type { Work } from '../command.ts'
import { fields } from '../table.ts'
import { sizeText } from '../units.ts'

const HEAD = ['NODE', 'STATE', 'ENGINE', 'CPUS', 'MEMORY', 'RUNNING']

export const list: Work = async (context) => {
  const found = await (await context.api()).call(listNodes, {})
  return context.show(found, () =>
    context.table(
      HEAD,
      found.items.map(({ name, state, engine, cpus, memoryBytes, running }) => [
        name,
        state,
        engine?.version ?? '-',
        cpus === null ? '-' : String(cpus),
        memoryBytes === null ? '-' : sizeText(memoryBytes),
        String(running),
      ]),
    ),
  )
}

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

const engineRows = (engine: NonNullable<Node['engine']>): (readonly [string, string])[] => [
  ['Engine', `${engine.version}, API ${engine.apiVersion}, runc ${engine.runcVersion || '-'}`],
  ['Storage driver', engine.storageDriver],
  ['Cgroups', `version ${engine.cgroupVersion}, ${engine.cgroupDriver}`],
  ['Runtimes', engine.runtimes.join(' ')],
]

const amountsText = ({ containers, cpuMilli, memoryBytes, pids }: Node['reserved']): string =>
  `${containers} containers, ${amountText('cpuMilli', cpuMilli)} CPUs, ` +
  `${sizeText(memoryBytes)}, ${pids} pids`
