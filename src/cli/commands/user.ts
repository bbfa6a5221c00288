import { type User, type UserChange, platformUsers, tenantUsers } from '../../contract/users.ts'
import { ROLE_NAMES } from '../../core/permissions.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { allPages } from '../pages.ts'

export const invite: Work = async (context, given) => {
  const api = await context.api()
  const role = oneOf(ROLE_NAMES, given.text('role'), '--role')
  const body = { email: given.word(0), ...(role === null ? {} : { role }) }
  const made = given.has('admin')
    ? await api.call(platformUsers.create, { params: {}, body })
    : await api.call(tenantUsers.create, { params: { tenant: await context.tenant() }, body })
  return context.show(made, () => `${made.email}\n`)
}

export const list: Work = async (context, given) => {
  const found = await everybody(context, given)
  return context.show(found, () =>
    context.table(
      ['ID', 'EMAIL', 'NAME', 'ROLE', 'FROM', 'STATE', 'LAST SIGN-IN'],
      found.items.map((user) => [
        user.id,
        user.email,
        user.name ?? '-',
        user.role,
        user.source,
        user.disabled ? 'disabled' : 'enabled',
        user.lastSignInAt ?? 'never',
      ]),
    ),
  )
}

export const set: Work = async (context, given) => {
  const body = changeOf(given)
  const [api, user] = [await context.api(), await idOf(context, given)]
  const changed = given.has('admin')
    ? await api.call(platformUsers.update, { params: { user }, body })
    : await api.call(tenantUsers.update, { params: { tenant: await context.tenant(), user }, body })
  return context.show(changed, () => `${changed.email}\n`)
}

export const remove: Work = async (context, given) => {
  const [api, user] = [await context.api(), await idOf(context, given)]
  const gone = given.has('admin')
    ? await api.call(platformUsers.delete, { params: { user } })
    : await api.call(tenantUsers.delete, { params: { tenant: await context.tenant(), user } })
  return context.show(gone, () => `${gone.email}\n`)
}

async function everybody(
  context: Context,
  given: Given,
): Promise<{ readonly items: readonly User[] }> {
  const api = await context.api()
  const tenant = given.has('admin') ? null : await context.tenant()
  return allPages((query) =>
    tenant === null
      ? api.call(platformUsers.list, { params: {}, query })
      : api.call(tenantUsers.list, { params: { tenant }, query }),
  )
}

/** People know addresses, and the API ids. */
async function idOf(context: Context, given: Given): Promise<string> {
  const word = given.word(0)
  if (!word.includes('@')) return word
  const { items } = await everybody(context, given)
  const found = items.find(({ email }) => email === word.toLowerCase())
  if (found) return found.id
  throw new CommandError(EXIT.notFound, `Cannot find user "${word}"`)
}

function changeOf(given: Given): UserChange {
  const role = oneOf(ROLE_NAMES, given.text('role'), '--role')
  const [isOff, isOn] = [given.has('disable'), given.has('enable')]
  if (isOff && isOn) throw usageError('Cannot both --disable and --enable')
  return {
    ...(role === null ? {} : { role }),
    ...(isOff || isOn ? { disabled: isOff } : {}),
  }
}
