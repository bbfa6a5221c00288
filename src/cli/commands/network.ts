import type { CallOf } from '../../client/request.ts'
import { attachNetwork, detachNetwork } from '../../contract/container-attach.ts'
import { getContainer } from '../../contract/containers.ts'
import type { Output } from '../../contract/endpoint.ts'
import * as contract from '../../contract/networks.ts'
import type { Given } from '../arguments.ts'
import { oneOf, pairsOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { allPages } from '../pages.ts'
import { removeEach } from '../removing.ts'
import { fields } from '../table.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

const HEAD = ['NAME', 'RANGE', 'STATE', 'INGRESS', 'EGRESS']

type Change = NonNullable<CallOf<typeof contract.updateNetwork>['body']>

export const create: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const [cidr, zone] = [given.text('cidr'), given.text('zone')]
  const where = { ...(cidr !== null && { cidr }), ...(zone !== null && { zone }) }
  const body = { name: given.word(0), ...where, ...changeOf(given) }
  const made = await api.call(contract.createNetwork, { params: { tenant }, body })
  return context.show(made, () => `${made.name} ${made.cidr}\n`)
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await allPages((query) =>
    api.call(contract.listNetworks, { params: { tenant }, query }),
  )
  const rows = found.items.map(({ name, cidr, state, ingress, egress }) => [
    name,
    cidr,
    state,
    ingress ? 'open' : 'closed',
    egressText(egress),
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(contract.getNetwork, { params: await at(context, given) }))
}

export const set: Work = async (context, given) => {
  const api = await context.api()
  const body = changeOf(given)
  if (Object.keys(body).length === 0) {
    throw usageError('Nothing to change: give --egress, --ingress, --within, --smtp or --label')
  }
  const params = await at(context, given)
  return shown(context, await api.call(contract.updateNetwork, { params, body }))
}

export const remove: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  return removeEach(context, given, (network) =>
    api.call(contract.deleteNetwork, { params: { tenant, network } }),
  )
}

export const attach: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const [address, aliases] = [given.text('address'), given.list('alias')]
  const body = {
    network: given.word(0),
    ...(address !== null && { address }),
    ...(aliases.length > 0 && { aliases: [...aliases] }),
  }
  const params = { tenant, container: given.word(1) }
  return moved(context, given, await api.call(attachNetwork, { params, body }))
}

export const detach: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, container: given.word(1), network: given.word(0) }
  return moved(context, given, await api.call(detachNetwork, { params }))
}

/** Waits until it is so, and shows where the container is then. */
async function moved(context: Context, given: Given, change: Output<typeof attachNetwork>) {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const wait = { tenant, operation: change.operation, timeoutMs: timeoutMs(given) }
  const operation = await succeeded(context, wait)
  const params = { tenant, container: change.resource.id }
  const resource = await api.call(getContainer, { params })
  const places = resource.addresses.map(({ network, address }) => `${network} ${address}`)
  return context.show({ resource, operation }, () => `${resource.name}: ${places.join(', ')}\n`)
}

async function at(context: Context, given: Given) {
  return { tenant: await context.tenant(), network: given.word(0) }
}

function changeOf(given: Given): Change {
  const [labels, egress] = [given.list('label'), given.list('egress')]
  const within = oneOf(['open', 'none'], given.text('within'), '--within')
  const [ingress, smtp] = [given.switched('ingress'), given.switched('smtp')]
  return {
    ...(labels.length > 0 && { labels: pairsOf(labels, '--label') }),
    ...(egress.length > 0 && { egress: egressOf(egress) }),
    ...(ingress !== null && { ingress }),
    ...(smtp !== null && { smtp }),
    ...(within !== null && { within }),
  }
}

/** `open`, `none`, or any number of `tcp:443@203.0.113.0/24` and `tcp:443@api.example.com`. */
function egressOf(texts: readonly string[]): NonNullable<Change['egress']> {
  const [only = ''] = texts
  if (texts.length === 1 && (only === 'open' || only === 'none')) return only
  return texts.map((text) => {
    const [, protocol, ports, to] = /^(tcp|udp):([\d-]+)@([a-z\d./-]+)$/.exec(text) ?? []
    if (ports === undefined || to === undefined) {
      const message = `Cannot understand --egress "${text}"`
      const hint = 'It is open, none, or like tcp:443@203.0.113.0/24 or tcp:443@api.example.com'
      throw usageError(message, hint)
    }
    const where = /^[\d./]+$/.test(to) ? { cidr: to } : { name: to }
    return { ...where, ports, protocol: protocol === 'udp' ? 'udp' : 'tcp' }
  })
}

const egressText = (egress: contract.Network['egress']): string =>
  typeof egress === 'string'
    ? egress
    : egress
        .map(({ protocol, ports, cidr, name }) => `${protocol}:${ports}@${cidr ?? name}`)
        .join(', ')

const shown = (context: Context, network: contract.NetworkDetails) =>
  context.show(network, () => {
    const { first, last, total, free } = network.addresses
    return fields([
      ['Network', network.name],
      ['Range', network.cidr],
      ['Zone', network.zone],
      ['State', network.state],
      ['Ingress', network.ingress ? 'open' : 'closed'],
      ['Egress', egressText(network.egress)],
      ...network.egressNames.map(({ name, addresses }): [string, string] => [
        `  ${name}`,
        addresses.join(', ') || 'cannot be resolved',
      ]),
      ['Within', network.within],
      ['Addresses', `${first} to ${last}, ${free} of ${total} free`],
      [
        'Members',
        network.members.map(({ name, address }) => `${name} ${address}`).join(', ') || '-',
      ],
    ])
  })
