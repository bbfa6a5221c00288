import type { MiddlewareHandler } from 'hono'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Caller } from '../core/caller.ts'
import { failure, notFound } from '../core/failure.ts'
import { isWithin, RESOURCE_KINDS, type ResourceKind } from '../core/reach.ts'
import type { AppContext, AppEnv } from './shell.ts'

/** Runs before the input is read, so that a stranger learns nothing from validation errors. */
export function permit(e: Endpoint): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set('endpoint', e)
    if (e.permission !== 'public') {
      const caller = await c.get('shell').authenticate(c)
      c.set('caller', caller)
      c.get('limits').ofCaller(c, caller)
      refuseForeign(caller, c.req.param('tenant'))
      refuseForbidden(caller, e)
      await refuseOutOfReach(c, caller, e)
    }
    await next()
  }
}

/** A tenant that is not the key's own answers as one that does not exist. */
function refuseForeign({ tenant }: Caller, asked: string | undefined): void {
  if (asked === undefined || tenant === null || tenant.slug === asked) return
  throw notFound('tenant', asked)
}

function refuseForbidden(caller: Caller, { id, permission, platform }: Endpoint): void {
  if (permission === 'public' || permission === 'signed-in') return
  const allowed = caller.may({ id, permission }) && !(platform === true && caller.tenant !== null)
  if (allowed) return
  const where = platform === true ? ' of the platform' : ''
  throw failure('not-allowed', `Cannot go on without permission "${permission}"${where}`, {
    permission,
  })
}

/**
 * A key that is limited to resources is let through only where the contract says how it is kept within
 * them, so that an endpoint which says nothing is closed to it.
 */
async function refuseOutOfReach(c: AppContext, caller: Caller, e: Endpoint): Promise<void> {
  if (caller.reach === null || e.permission === 'signed-in') return
  const named = RESOURCE_KINDS.filter((kind) => c.req.param(kind) !== undefined)
  for (const kind of named) await refuseForeignResource(c, caller, kind)
  const isKeptWithin = named.length > 0 || e.filtered === true || e.names !== undefined
  if (isKeptWithin) return
  const message = 'Cannot go on: the key is limited to resources that this is not about'
  throw failure('not-allowed', message, { permission: e.permission })
}

async function refuseForeignResource(c: AppContext, { reach }: Caller, kind: ResourceKind) {
  const asked = c.req.param(kind) ?? ''
  // As the key names it: then it needs no look-up, after which the name could pass to another.
  if (reach === null || (reach[kind] ?? []).includes(asked)) return
  const found = await c.get('shell').find(c.req.param('tenant') ?? '', kind, asked)
  // By its id alone, which is never another's; a name might be by the time that it is used.
  if (found?.id === asked && isWithin(reach, kind, found)) return
  throw notFound(kind, asked)
}

/** A limited key gives no name that is not its own: it could take the place of what it cannot reach. */
export function permitNamed(c: AppContext, { names, permission }: Endpoint, body: unknown): void {
  const reach = c.get('caller')?.reach ?? null
  if (reach === null || names === undefined) return
  const name = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined
  if (typeof name === 'string' && (reach[names] ?? []).includes(name)) return
  throw failure('not-allowed', `Cannot go on: the key is limited to other ${names}s`, {
    permission,
  })
}
