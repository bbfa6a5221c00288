import * as contract from '../../contract/domains.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { removeEach } from '../removing.ts'
import { fields } from '../table.ts'

const HEAD = ['NAME', 'STATE', 'SUBDOMAINS', 'LAPSES']

export const claim: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const body = { name: given.word(0), subdomains: given.has('subdomains') }
  return shown(context, await api.call(contract.claimDomain, { params: { tenant }, body }))
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(contract.listDomains, { params: { tenant } })
  const rows = found.items.map(({ name, state, subdomains, expiresAt }) => [
    name,
    state,
    subdomains ? 'yes' : 'no',
    expiresAt ?? '-',
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, domain: given.word(0) }
  return shown(context, await api.call(contract.getDomain, { params }))
}

export const verify: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const params = { tenant, domain: given.word(0) }
  return shown(context, await api.call(contract.verifyDomain, { params }))
}

export const remove: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  return removeEach(context, given, (domain) =>
    api.call(contract.deleteDomain, { params: { tenant, domain } }),
  )
}

const shown = (context: Context, { name, ...domain }: contract.Domain) =>
  context.show({ name, ...domain }, () =>
    fields([
      ['Domain', name],
      ['State', domain.state],
      ['Subdomains', domain.subdomains ? 'covered' : 'not covered'],
      ['Prove by', `TXT ${domain.dns.name} "${domain.dns.value}"`],
      ['Or by', `GET ${domain.http.url} answers "${domain.http.value}"`],
      ['Lapses', domain.expiresAt ?? '-'],
    ]),
  )
