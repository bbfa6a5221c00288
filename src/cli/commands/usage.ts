import type { Output } from '../../contract/endpoint.ts'
import { getUsage, listUsage, type Share, type Usage } from '../../contract/usage.ts'
import { RESERVED, RESOURCES, type Reserved } from '../../core/quota.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { amountText } from '../limits.ts'
import { allPages } from '../pages.ts'
import type { Cell } from '../table.ts'
import { cpuText, sizeText } from '../units.ts'

export const usage: Work = (context, given: Given) =>
  given.has('admin') ? ofAll(context) : ofTenant(context)

const HEAD = ['RESOURCE', 'RESERVED', 'USED', 'LIMIT', 'PERCENT']

async function ofTenant(context: Context) {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(getUsage, { params: { tenant } })
  const remark = found.enforced ? '' : 'The platform does not enforce these limits\n'
  return context.show(found, () => context.table(HEAD, rowsOf(found)) + remark)
}

type Page = Output<typeof listUsage>

async function ofAll(context: Context) {
  const api = await context.api()
  let rest: Pick<Page, 'platform' | 'host'> | undefined
  const list = await allPages(async (query) => {
    const { platform, host, ...page } = await api.call(listUsage, { query })
    rest = { platform, host }
    return page
  })
  return context.show({ ...list, ...rest }, () => {
    const tenants = list.items.flatMap((one) =>
      rowsOf(one).map((cells) => [one.tenant, ...cells] as const),
    )
    const platform = rest ? rowsOf(rest.platform).map((cells) => ['(all)', ...cells] as const) : []
    return (
      context.table(['TENANT', ...HEAD], [...tenants, ...platform]) + hostText(rest?.host ?? null)
    )
  })
}

/** Kinds that nobody limits and nobody has say nothing. */
function rowsOf(all: Pick<Usage, Reserved>): (readonly Cell[])[] {
  return RESERVED.filter((resource) => {
    const { limit, reserved, used } = all[resource]
    return limit !== null || reserved > 0 || (used ?? 0) > 0
  }).map((resource) => row(resource, all[resource]))
}

function row(resource: Reserved, { limit, reserved, used, percent, overLimit }: Share): Cell[] {
  const text = percent === null ? '-' : `${Math.round(percent)} %`
  return [
    RESOURCES[resource].label,
    amountText(resource, reserved),
    used === null ? '-' : amountText(resource, used),
    amountText(resource, limit),
    overLimit ? { text: `${text} over limit`, color: 'red' } : text,
  ]
}

function hostText(host: Page['host']): string {
  if (host === null) return 'The host could not be looked at\n'
  const cpu = host.cpuMilliMost === null ? 'any' : cpuText(host.cpuMilliMost)
  const memory = host.memoryBytesMost === null ? 'any' : sizeText(host.memoryBytesMost)
  const lines = [
    `Host: ${host.cpus} CPUs and ${sizeText(host.memoryBytes)}; may be reserved: ${cpu} CPUs, ${memory}`,
    ...host.disks.map(
      ({ path, usedPercent, freeBytes, full }) =>
        `Disk of ${path}: ${usedPercent} % used, ${sizeText(freeBytes)} free${full ? '; full: nothing new is admitted' : ''}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}
