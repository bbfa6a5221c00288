import { readFile } from 'node:fs/promises'
import * as contract from '../../contract/secrets.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT } from '../exit.ts'
import { secretFrom } from '../secret.ts'
import { fields } from '../table.ts'
import { ageText, sizeText, wholeOf } from '../units.ts'

const HEAD = ['NAME', 'VERSION', 'SIZE', 'UPDATED', 'USED BY']

export const set: Work = async (context, given) => {
  const api = await context.api()
  const params = await named(context, given)
  return shown(
    context,
    await api.call(contract.putSecret, { params, body: await bodyOf(context, given) }),
  )
}

/** From a file as it is, byte for byte; else typed without echo or piped in, without the last line feed. */
async function bodyOf({ world }: Context, given: Given): Promise<contract.SecretPut> {
  const path = given.text('file')
  if (path === null) return { value: await secretFrom(world.stdin, 'Value: ') }
  try {
    return { base64: (await readFile(path)).toString('base64') }
  } catch (cause) {
    throw new CommandError(EXIT.usage, `Cannot read the file "${path}"`, String(cause))
  }
}

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const found = await api.call(contract.listSecrets, { params: { tenant } })
  const rows = found.items.map(({ name, version, versions, updatedAt, usedBy }) => [
    name,
    String(version),
    sizeText(versions.at(-1)?.sizeBytes ?? 0),
    ageText(updatedAt, context.world.now()),
    usedBy.join(', '),
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

export const showOne: Work = async (context, given) => {
  const api = await context.api()
  return shown(context, await api.call(contract.getSecret, { params: await named(context, given) }))
}

export const rollBack: Work = async (context, given) => {
  const api = await context.api()
  const params = await named(context, given)
  const body = { version: wholeOf(given.word(1), '<version>') }
  return shown(context, await api.call(contract.rollBackSecret, { params, body }))
}

export const remove: Work = async (context, given) => {
  const api = await context.api()
  const params = await named(context, given)
  const gone = await api.call(contract.deleteSecret, { params })
  return context.show(gone, () => `${gone.name}\n`)
}

async function named(context: Context, given: Given) {
  return { tenant: await context.tenant(), secret: given.word(0) }
}

const shown = (context: Context, secret: contract.Secret) =>
  context.show(secret, () =>
    fields([
      ['Secret', secret.name],
      ['Version', String(secret.version)],
      ['Kept', secret.versions.map(({ version }) => version).join(', ')],
      ['Used by', secret.usedBy.join(', ') || '-'],
      ['Updated', secret.updatedAt],
    ]),
  )
