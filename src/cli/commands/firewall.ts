import type { CallOf } from '../../client/request.ts'
import { updateContainer } from '../../contract/container-change.ts'
import { getContainer } from '../../contract/containers.ts'
import * as contract from '../../contract/firewalls.ts'
import type { Given } from '../arguments.ts'
import { pairsOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { allPages } from '../pages.ts'
import { removeEach } from '../removing.ts'
import { fields } from '../table.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const HEAD = ['NAME', 'INGRESS', 'EGRESS']

type Change = NonNullable<CallOf<typeof contract.updateFirewall>['body']>
type Rules = contract.Firewall['ingress']

export const create: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const body = { name: given.word(0), ...changeOf(given) }
  const made = await api.call(contract.createFirewall, { params: { tenant }, body })
  return context.show(made, () => `${made.name}\n`)
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await allPages((query) =>
    api.call(contract.listFirewalls, { params: { tenant }, query }),
  )
  const rows = found.items.map(({ name, ingress, egress }) => [
    name,
    rulesText(ingress),
    rulesText(egress),
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(contract.getFirewall, { params: await at(context, given) }))
}

export const set: Work = async (context, given) => {
  const api = await context.api()
  const body = changeOf(given)
  if (Object.keys(body).length === 0) {
    throw usageError('Nothing to change: give --ingress, --egress or --label')
  }
  const params = await at(context, given)
  return shown(context, await api.call(contract.updateFirewall, { params, body }))
}

export const remove: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  return removeEach(context, given, (firewall) =>
    api.call(contract.deleteFirewall, { params: { tenant, firewall } }),
  )
}

export const attach: Work = (context, given) =>
  carried(context, given, (now, firewall) => [...now.filter((one) => one !== firewall), firewall])

export const detach: Work = (context, given) =>
  carried(context, given, (now, firewall) => now.filter((one) => one !== firewall))

/** Gives a container other firewalls, and shows them. */
async function carried(
  context: Context,
  given: Given,
  change: (now: readonly string[], firewall: string) => string[],
) {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, container: given.word(1) }
  const { spec } = await api.call(getContainer, { params })
  const body = { firewalls: change(spec.firewalls ?? [], given.word(0)) }
  const { operation: begun } = await api.call(updateContainer, { params, body })
  const wait = { tenant, operation: begun, timeoutMs: timeoutMs(given) }
  const operation = await succeeded(context, wait)
  const resource = await api.call(getContainer, { params })
  const names = resource.spec.firewalls ?? []
  const text = `${resource.name}: ${names.join(', ') || 'no firewall'}\n`
  return context.show({ resource, operation }, () => text)
}

async function at(context: Context, given: Given) {
  return { tenant: await context.tenant(), firewall: given.word(0) }
}

function changeOf(given: Given): Change {
  const [labels, ingress, egress] = [
    given.list('label'),
    given.list('ingress'),
    given.list('egress'),
  ]
  return {
    ...(labels.length > 0 && { labels: pairsOf(labels, '--label') }),
    ...(ingress.length > 0 && { ingress: rulesOf(ingress, '--ingress') }),
    ...(egress.length > 0 && { egress: rulesOf(egress, '--egress') }),
  }
}

/** `open`, `none`, or any number of `tcp:5432@web`, `udp@10.0.0.0/8`, `any@web`, `icmp`. */
function rulesOf(texts: readonly string[], option: string): Rules {
  const [only = ''] = texts
  if (texts.length === 1 && only === 'open') return null
  if (texts.length === 1 && only === 'none') return []
  return texts.map((text) => {
    const [, protocol, ports, who] =
      /^(tcp|udp|icmp|any)(?::([\d-]+))?(?:@([a-z0-9./-]+))?$/.exec(text) ?? []
    if (protocol === undefined) {
      const message = `Cannot understand ${option} "${text}"`
      throw usageError(message, 'It is open, none, or like tcp:5432@web, udp:53@10.0.0.0/8, icmp')
    }
    const whom = who?.includes('/') === true ? { cidr: who } : who && { firewall: who }
    return {
      ...whom,
      ...((protocol === 'tcp' || protocol === 'udp' || protocol === 'icmp') && { protocol }),
      ...(ports !== undefined && { ports }),
    }
  })
}

function rulesText(rules: Rules): string {
  if (rules === null) return 'open'
  if (rules.length === 0) return 'none'
  return rules
    .map(({ firewall, cidr, protocol = 'any', ports }) => {
      const who = firewall ?? cidr
      return `${protocol}${ports === undefined ? '' : `:${ports}`}${who === undefined ? '' : `@${who}`}`
    })
    .join(', ')
}

const shown = (context: Context, firewall: contract.FirewallDetails) =>
  context.show(firewall, () =>
    fields([
      ['Firewall', firewall.name],
      ['Ingress', rulesText(firewall.ingress)],
      ['Egress', rulesText(firewall.egress)],
      ['Containers', firewall.containers.join(', ') || '-'],
    ]),
  )
