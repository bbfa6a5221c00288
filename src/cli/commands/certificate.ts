import { readFile } from 'node:fs/promises'
import * as contract from '../../contract/certificates.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { fields } from '../table.ts'

const HEAD = ['NAME', 'HOSTS', 'VALID UNTIL', 'ISSUER']

export const set: Work = async (context, given) => {
  const [chain, key] = [await fileOf(given, 'chain'), await fileOf(given, 'key')]
  const [api, params] = [await context.api(), await named(context, given)]
  return shown(context, await api.call(contract.putCertificate, { params, body: { chain, key } }))
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(contract.listCertificates, { params: { tenant } })
  const rows = found.items.map(({ name, names, validUntil, issuer }) => [
    name,
    names.join(' '),
    validUntil,
    issuer,
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const inspect: Work = async (context, given) => {
  const [api, params] = [await context.api(), await named(context, given)]
  return shown(context, await api.call(contract.getCertificate, { params }))
}

export const remove: Work = async (context, given) => {
  const [api, params] = [await context.api(), await named(context, given)]
  const gone = await api.call(contract.deleteCertificate, { params })
  return context.show(gone, () => `${gone.name}\n`)
}

async function fileOf(given: Given, option: 'chain' | 'key'): Promise<string> {
  const path = given.text(option)
  if (path === null) throw usageError(`--${option} is missing`, 'Both --chain and --key are files')
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CommandError(EXIT.usage, `Cannot read the file "${path}"`, String(cause))
  }
}

async function named(context: Context, given: Given) {
  return { tenant: await context.tenant(), certificate: given.word(0) }
}

const shown = (context: Context, certificate: contract.Certificate) =>
  context.show(certificate, () =>
    fields([
      ['Certificate', certificate.name],
      ['Hosts', certificate.names.join(' ')],
      ['Issuer', certificate.issuer],
      ['Valid', `${certificate.validFrom} to ${certificate.validUntil}`],
      ['SHA-256', certificate.sha256],
    ]),
  )
