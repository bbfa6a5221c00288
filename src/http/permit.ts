import type { MiddlewareHandler } from 'hono'
import type { Endpoint } from '../contract/endpoint.ts'
import type { Caller } from '../core/caller.ts'
import { failure, notFound } from '../core/failure.ts'
import type { AppEnv } from './shell.ts'

/** Runs before the input is read, so that a stranger learns nothing from validation errors. */
export function permit(e: Endpoint): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set('endpoint', e)
    if (e.permission !== 'public') {
      const caller = await c.get('shell').authenticate(c.req.header('authorization'))
      c.set('caller', caller)
      refuseForeign(caller, c.req.param('tenant'))
      refuseForbidden(caller, e)
    }
    await next()
  }
}

/** A tenant that is not the key's own answers as one that does not exist. */
function refuseForeign({ tenant }: Caller, asked: string | undefined): void {
  if (asked === undefined || tenant === null || tenant.slug === asked) return
  throw notFound('tenant', asked)
}

function refuseForbidden(caller: Caller, { permission, platform }: Endpoint): void {
  if (permission === 'public' || permission === 'signed-in') return
  const allowed = caller.can(permission) && !(platform === true && caller.tenant !== null)
  if (allowed) return
  const where = platform === true ? ' of the platform' : ''
  throw failure('not-allowed', `Cannot go on without permission "${permission}"${where}`, {
    permission,
  })
}
