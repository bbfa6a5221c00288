import { z } from 'zod'
import { ALL_PERMISSIONS, ROLE_NAMES } from '../core/permissions.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { InTenant, Slug, Timestamp } from './names.ts'

export const AccessKeyId = z
  .string()
  .regex(/^ck[a-z0-9]{16}$/, 'an access key id: `ck` and 16 characters')
  .meta({ id: 'AccessKeyId' })

export const AccessKeyCreate = z
  .strictObject({
    description: z
      .string()
      .max(200)
      // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
      .regex(/^[^\u0000-\u001f\u007f]*$/)
      .default(''),
    role: z
      .enum(ROLE_NAMES)
      .default('member')
      .describe('At most what the asking key may do itself'),
    expiresInSeconds: z.int().min(60).max(315_360_000).optional().describe('Default: never'),
  })
  .meta({ id: 'AccessKeyCreate' })
export type AccessKeyCreate = z.infer<typeof AccessKeyCreate>

export const AccessKey = z
  .object({
    id: AccessKeyId,
    tenant: Slug.nullable().describe('null: a key of the platform'),
    description: z.string(),
    role: z.enum(ROLE_NAMES),
    version: z.int().min(1),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'AccessKey' })
export type AccessKey = z.infer<typeof AccessKey>

/** Shown once: the secret is derived, never stored. */
export const NewAccessKey = AccessKey.extend({
  secretKey: z.string(),
  apiKey: z.string().describe('A token of its own: send it as `Authorization: Bearer`'),
}).meta({ id: 'NewAccessKey' })
export type NewAccessKey = z.infer<typeof NewAccessKey>

export const ApiKeyCreate = z
  .strictObject({
    expiresInSeconds: z.int().min(60).max(315_360_000).optional().describe('Default: never'),
    scope: z.array(z.enum(ALL_PERMISSIONS)).max(100).optional().describe('Only these permissions'),
  })
  .meta({ id: 'ApiKeyCreate' })
export type ApiKeyCreate = z.infer<typeof ApiKeyCreate>

export const NewApiKey = z
  .object({ jti: z.string(), apiKey: z.string(), expiresAt: Timestamp.nullable() })
  .meta({ id: 'NewApiKey' })
export type NewApiKey = z.infer<typeof NewApiKey>

interface Owned<Owner, InKey> {
  readonly owner: Owner
  readonly inKey: InKey
  readonly platform: boolean
}

/** The same five endpoints for a tenant's keys and for the platform's own. */
function keyEndpoints<
  const Kind extends string,
  const Path extends string,
  Owner extends z.ZodObject,
  InKey extends z.ZodObject,
>(kind: Kind, under: Path, { owner, inKey, platform }: Owned<Owner, InKey>) {
  const common = { platform, kind: 'answer' } as const
  const path = `/v1/${under}` as const
  const making = {
    ...common,
    method: 'post',
    permission: 'keys:write',
    secret: true,
    status: 201,
    failures: ['not-allowed', 'not-found', 'state-conflict'],
  } as const
  return {
    create: endpoint({
      ...making,
      id: `${kind}.create`,
      path,
      summary: 'Create an access key; the secret is shown this once',
      params: owner,
      body: AccessKeyCreate,
      response: NewAccessKey,
    }),
    list: endpoint({
      ...common,
      id: `${kind}.list`,
      method: 'get',
      path,
      summary: 'List access keys',
      permission: 'keys:read',
      params: owner,
      query: PageQuery,
      status: 200,
      response: page(AccessKey),
      failures: ['not-found'],
    }),
    revoke: endpoint({
      ...common,
      id: `${kind}.revoke`,
      method: 'delete',
      path: `${path}/{key}`,
      summary: 'Revoke an access key and every token of it, at once',
      permission: 'keys:write',
      params: inKey,
      status: 200,
      response: AccessKey,
      failures: ['not-found'],
    }),
    rotate: endpoint({
      ...making,
      id: `${kind}.rotate`,
      path: `${path}/{key}/rotate`,
      summary: 'Give an access key a new secret; the old one ends at once',
      params: inKey,
      response: NewAccessKey,
    }),
    createToken: endpoint({
      ...making,
      id: `${kind}.token`,
      path: `${path}/{key}/tokens`,
      summary: 'Create an API key: a token of an access key that is on record',
      params: inKey,
      body: ApiKeyCreate,
      response: NewApiKey,
    }),
  } as const
}

export const tenantKeys = keyEndpoints('keys', 'tenants/{tenant}/keys', {
  owner: InTenant,
  inKey: InTenant.extend({ key: AccessKeyId }),
  platform: false,
})
export const platformKeys = keyEndpoints('platform-keys', 'keys', {
  owner: z.strictObject({}),
  inKey: z.strictObject({ key: AccessKeyId }),
  platform: true,
})

export const Whoami = z
  .object({
    accessKeyId: AccessKeyId,
    tenant: Slug.nullable(),
    role: z.enum(ROLE_NAMES),
    permissions: z.array(z.string()),
    serverTime: Timestamp,
  })
  .meta({ id: 'Whoami' })

export const whoami = endpoint({
  id: 'whoami.get',
  method: 'get',
  path: '/v1/whoami',
  summary: 'Show whose key this is and what it may do',
  permission: 'signed-in',
  kind: 'answer',
  status: 200,
  response: Whoami,
  failures: [],
})
