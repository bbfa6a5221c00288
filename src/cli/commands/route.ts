import { readFile } from 'node:fs/promises'
import type { CallOf } from '../../client/request.ts'
import * as contract from '../../contract/routes.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { removeEach } from '../removing.ts'
import { fields } from '../table.ts'

const HEAD = ['NAME', 'HOSTS', 'TAKES', 'TARGETS', 'POLICY']

type Change = NonNullable<CallOf<typeof contract.updateRoute>['body']>

export const create: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const { hosts, ...change } = await changeOf(given)
  if (hosts === undefined) throw usageError('Give --host, whose requests the route takes')
  const body = { name: given.word(0), hosts, ...change }
  const made = await api.call(contract.createRoute, { params: { tenant }, body })
  return context.show(made, () => `${made.name}\n`)
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(contract.listRoutes, { params: { tenant } })
  const rows = found.items.map((route) => [
    route.name,
    route.hosts.join(', '),
    matchText(route),
    targetsText(route),
    policyText(route),
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(contract.getRoute, { params: await at(context, given) }))
}

export const set: Work = async (context, given) => {
  const api = await context.api()
  const body = await changeOf(given)
  if (Object.keys(body).length === 0) {
    throw usageError('Nothing to change: give --host, --path, --method, --header, --to or --policy')
  }
  const params = await at(context, given)
  return shown(context, await api.call(contract.updateRoute, { params, body }))
}

export const remove: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  return removeEach(context, given, (route) =>
    api.call(contract.deleteRoute, { params: { tenant, route } }),
  )
}

async function at(context: Context, given: Given) {
  return { tenant: await context.tenant(), route: given.word(0) }
}

async function changeOf(given: Given): Promise<Change> {
  const [hosts, methods, headers] = [given.list('host'), given.list('method'), given.list('header')]
  const [path, to, policy] = [given.text('path'), given.list('to'), given.text('policy')]
  const hasMatch = path !== null || methods.length + headers.length > 0
  const match = { pathPrefix: path ?? '/', methods: [...methods], headers: headers.map(headerOf) }
  return {
    ...(hosts.length > 0 && { hosts: [...hosts] }),
    ...(hasMatch && { match }),
    ...(to.length > 0 && { targets: to.map(targetOf) }),
    ...(policy !== null && { policy: await policyOf(policy) }),
  }
}

function headerOf(text: string) {
  const end = text.indexOf('=')
  return end < 0
    ? { name: text.toLowerCase(), value: null }
    : { name: text.slice(0, end).toLowerCase(), value: text.slice(end + 1) }
}

function targetOf(text: string) {
  const [, app, weight] = /^([a-z0-9-]+)(?:=(\d{1,4}))?$/.exec(text) ?? []
  if (app === undefined) {
    throw usageError(`Cannot understand --to "${text}"`, 'It is an app, or like web=90')
  }
  return weight === undefined ? { app } : { app, weight: Number(weight) }
}

/** What is wrong in it the API says. */
async function policyOf(text: string): Promise<NonNullable<Change['policy']>> {
  const json = text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text
  try {
    const policy: NonNullable<Change['policy']> = JSON.parse(json)
    return policy
  } catch {
    throw usageError('Cannot understand --policy: it is no JSON', `It is like '{"https":{}}'`)
  }
}

const matchText = ({ match }: contract.Route): string =>
  [
    match.methods.join(','),
    match.pathPrefix,
    ...match.headers.map(({ name, value }) => (value === null ? name : `${name}=${value}`)),
  ]
    .filter((part) => part !== '')
    .join(' ')

const targetsText = ({ targets }: contract.Route): string =>
  targets.map(({ app, weight }) => `${app}=${weight}`).join(', ') || '-'

const policyText = ({ policy }: contract.Route): string => Object.keys(policy).join(', ') || '-'

const shown = (context: Context, route: contract.Route) =>
  context.show(route, () =>
    fields([
      ['Route', route.name],
      ['Hosts', route.hosts.join(', ')],
      ['Takes', matchText(route)],
      ['Targets', targetsText(route)],
      ['Policy', policyText(route)],
    ]),
  )
