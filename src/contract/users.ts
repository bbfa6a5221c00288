import { z } from 'zod'
import { ROLE_NAMES } from '../core/permissions.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { Id, InTenant, Slug, Timestamp } from './names.ts'

/** The form of HTML's `<input type=email>`, with a domain of at least two labels. */
const EMAIL =
  /^[A-Za-z0-9_.!#$%&'*+/=?^`{|}~-]{1,64}@([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]{2,63}$/

const Email = z.string().max(254).regex(EMAIL, 'an e-mail address').toLowerCase()

export const UserCreate = z
  .strictObject({
    email: Email.describe('As the identity provider tells it, and has verified it'),
    role: z.enum(ROLE_NAMES).default('member').describe('At most what who asks may do'),
  })
  .meta({ id: 'UserCreate' })
export type UserCreate = z.infer<typeof UserCreate>

export const UserChange = z
  .strictObject({
    role: z.enum(ROLE_NAMES).optional(),
    disabled: z.boolean().optional().describe('True: the person is signed out, and stays out'),
  })
  .meta({ id: 'UserChange' })
export type UserChange = z.infer<typeof UserChange>

export const User = z
  .object({
    id: Id,
    tenant: Slug.nullable().describe('null: of the platform'),
    email: z.string(),
    name: z.string().nullable().describe('As the identity provider tells it'),
    role: z.enum(ROLE_NAMES),
    source: z
      .enum(['invitation', 'group'])
      .describe('`group`: the role is that of a group, and is looked at with every sign-in'),
    disabled: z.boolean(),
    createdAt: Timestamp,
    lastSignInAt: Timestamp.nullable(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

interface Owned<Owner, InUser> {
  readonly owner: Owner
  readonly inUser: InUser
  readonly platform: boolean
}

/** The same four for the people of a tenant and for those of the platform. */
function userEndpoints<
  const Kind extends string,
  const Path extends string,
  Owner extends z.ZodObject,
  InUser extends z.ZodObject,
>(kind: Kind, under: Path, { owner, inUser, platform }: Owned<Owner, InUser>) {
  const common = { platform, kind: 'answer', permission: 'users:write', status: 200 } as const
  const path = `/v1/${under}` as const
  return {
    create: endpoint({
      ...common,
      id: `${kind}.create`,
      method: 'post',
      path,
      summary: 'Invite a person, who can then sign in with the identity provider',
      params: owner,
      body: UserCreate,
      status: 201,
      response: User,
      failures: ['name-taken', 'not-allowed', 'not-found', 'state-conflict'],
    }),
    list: endpoint({
      ...common,
      id: `${kind}.list`,
      method: 'get',
      path,
      summary: 'List people by their e-mail address',
      permission: 'users:read',
      params: owner,
      query: PageQuery,
      response: page(User),
      failures: ['not-found'],
    }),
    update: endpoint({
      ...common,
      id: `${kind}.update`,
      method: 'patch',
      path: `${path}/{user}`,
      summary: 'Change the role of a person, or keep them out; their sessions end at once',
      params: inUser,
      body: UserChange,
      response: User,
      failures: ['not-allowed', 'not-found'],
    }),
    delete: endpoint({
      ...common,
      id: `${kind}.delete`,
      method: 'delete',
      path: `${path}/{user}`,
      summary: 'Remove a person; their sessions end at once',
      params: inUser,
      response: User,
      failures: ['not-found'],
    }),
  } as const
}

export const tenantUsers = userEndpoints('users', 'tenants/{tenant}/users', {
  owner: InTenant,
  inUser: InTenant.extend({ user: Id }),
  platform: false,
})
export const platformUsers = userEndpoints('platform-users', 'users', {
  owner: z.strictObject({}),
  inUser: z.strictObject({ user: Id }),
  platform: true,
})
