import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, Slug, Timestamp } from './names.ts'

export const Session = z
  .object({
    id: Id,
    kind: z
      .enum(['stream', 'tunnel', 'person'])
      .describe('What is read at this moment, an open tunnel, or a person who is signed in'),
    actor: z.string().describe('Whose it is: `key:<id>` or `person:<e-mail>`'),
    action: z.string().nullable().describe('Of a stream or a tunnel: id of the endpoint'),
    tenant: Slug.nullable().describe('null: of the whole platform'),
    since: Timestamp,
    address: z.string().describe('Where it was opened from'),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

const Sessions = z.object({ items: z.array(Session) })

/** The same two for a tenant and for all of the platform. */
function sessionEndpoints<
  const Kind extends string,
  const Path extends string,
  In extends z.ZodObject,
  InSession extends z.ZodObject,
>(kind: Kind, under: Path, { within, one }: { readonly within: In; readonly one: InSession }) {
  const common = { platform: under === 'sessions', kind: 'answer', status: 200 } as const
  const path = `/v1/${under}` as const
  return {
    list: endpoint({
      ...common,
      id: `${kind}.list`,
      method: 'get',
      path,
      summary: 'List open streams, open tunnels and people who are signed in, the oldest first',
      permission: 'keys:read',
      params: within,
      response: Sessions,
      failures: ['not-found'],
    }),
    end: endpoint({
      ...common,
      id: `${kind}.end`,
      method: 'delete',
      path: `${path}/{session}`,
      summary: 'End a stream or a tunnel, or sign a person out; a key can open another at once',
      permission: 'keys:write',
      params: one,
      response: Session,
      failures: ['not-found'],
    }),
  } as const
}

export const tenantSessions = sessionEndpoints('sessions', 'tenants/{tenant}/sessions', {
  within: InTenant,
  one: InTenant.extend({ session: Id }),
})
export const platformSessions = sessionEndpoints('platform-sessions', 'sessions', {
  within: z.strictObject({}),
  one: z.strictObject({ session: Id }),
})
