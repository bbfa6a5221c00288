import * as contract from '../../contract/peerings.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { fields } from '../table.ts'

const HEAD = ['ID', 'STATE', 'NETWORK', 'PEER', 'ITS NETWORK']

export const create: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const [peerNetwork, peerTenant] = [given.text('with'), given.text('offer-to')]
  if ((peerNetwork === null) === (peerTenant === null)) {
    throw usageError('Give --with another own network, or --offer-to a tenant')
  }
  const body = {
    network: given.word(0),
    ...(peerNetwork !== null && { peerNetwork }),
    ...(peerTenant !== null && { peerTenant }),
  }
  return shown(context, await api.call(contract.createPeering, { params: { tenant }, body }))
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(contract.listPeerings, { params: { tenant } })
  const rows = found.items.map(({ id, state, direction, network, peer }) => [
    id,
    direction === 'own' ? state : `${state} (${direction})`,
    sideText(network),
    peer.tenant,
    sideText(peer.network),
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, peering: given.word(0) }
  return shown(context, await api.call(contract.getPeering, { params }))
}

export const accept: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, peering: given.word(0) }
  const body = { network: given.word(1) }
  return shown(context, await api.call(contract.acceptPeering, { params, body }))
}

export const remove: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const peering = given.word(0)
  await api.call(contract.deletePeering, { params: { tenant, peering } })
  return context.show([peering], () => `${peering}\n`)
}

const sideText = (side: contract.Peering['network']): string =>
  side === null ? '-' : `${side.name} ${side.cidr}`

const shown = (context: Context, peering: contract.Peering) =>
  context.show(peering, () =>
    fields([
      ['Peering', peering.id],
      ['State', peering.state],
      ['Network', sideText(peering.network)],
      ['Peer', peering.peer.tenant],
      ['Its network', sideText(peering.peer.network)],
      ['Ends', peering.expiresAt ?? '-'],
    ]),
  )
