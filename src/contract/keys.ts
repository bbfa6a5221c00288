import { z } from 'zod'
import { ALL_PERMISSIONS, ROLE_NAMES } from '../core/permissions.ts'
import { RESOURCE_KINDS } from '../core/reach.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { InTenant, Slug, Timestamp } from './names.ts'

export const AccessKeyId = z
  .string()
  .regex(/^ck[a-z0-9]{16}$/, 'an access key id: `ck` and 16 characters')
  .meta({ id: 'AccessKeyId' })

const Action = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z-]*[.:][a-z-]+$/, 'a permission or the id of an endpoint')
const Resource = z
  .string()
  .regex(
    new RegExp(`^(${RESOURCE_KINDS.join('|')}):[a-z0-9-]{1,63}$`),
    `kind and name or id, e.g. container:web; kinds: ${RESOURCE_KINDS.join(', ')}`,
  )

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
    actions: z
      .array(Action)
      .min(1)
      .max(100)
      .optional()
      .describe('Only these of the role: permissions, or ids of endpoints'),
    resources: z
      .array(Resource)
      .min(1)
      .max(100)
      .optional()
      .describe('Only these of the tenant, e.g. `container:web`'),
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
    actions: z.array(z.string()).nullable().describe('null: all that the role allows'),
    resources: z.array(z.string()).nullable().describe('null: everything of the tenant'),
    version: z.int().min(1),
    previousUntil: Timestamp.nullable().describe('Until then the version before is good too'),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable().describe('To the minute'),
    lastUsedFrom: z.string().nullable().describe('Address'),
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

const RotationQuery = z.strictObject({
  graceSeconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe('How long the version before is accepted beside the new one'),
})

interface Owned<Owner, InKey> {
  readonly owner: Owner
  readonly inKey: InKey
  readonly platform: boolean
}

/** What there is to ask of a tenant's keys, and in the same way of the platform's own. */
function keyReads<
  const Kind extends string,
  const Path extends string,
  Owner extends z.ZodObject,
  InKey extends z.ZodObject,
>(kind: Kind, under: Path, { owner, inKey, platform }: Owned<Owner, InKey>) {
  const common = { platform, kind: 'answer' } as const
  const path = `/v1/${under}` as const
  return {
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
    get: endpoint({
      ...common,
      id: `${kind}.get`,
      method: 'get',
      path: `${path}/{key}`,
      summary: 'Show an access key',
      permission: 'keys:read',
      params: inKey,
      status: 200,
      response: AccessKey,
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
      failures: ['not-found', 'state-conflict'],
    }),
  } as const
}

function keyIssues<
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
    rotate: endpoint({
      ...making,
      id: `${kind}.rotate`,
      path: `${path}/{key}/rotate`,
      summary: 'Give an access key a new secret; the old one ends at once, or after a grace period',
      params: inKey,
      query: RotationQuery,
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

const ofTenant = {
  owner: InTenant,
  inKey: InTenant.extend({ key: AccessKeyId }),
  platform: false,
} as const
export const tenantKeys = {
  ...keyReads('keys', 'tenants/{tenant}/keys', ofTenant),
  ...keyIssues('keys', 'tenants/{tenant}/keys', ofTenant),
} as const

const ofPlatform = {
  owner: z.strictObject({}),
  inKey: z.strictObject({ key: AccessKeyId }),
  platform: true,
} as const
export const platformKeys = {
  ...keyReads('platform-keys', 'keys', ofPlatform),
  ...keyIssues('platform-keys', 'keys', ofPlatform),
} as const

export const Whoami = z
  .object({
    accessKeyId: AccessKeyId.nullable().describe('null: a person'),
    person: z.string().nullable().describe('E-mail address of the person who is signed in'),
    tenant: Slug.nullable(),
    role: z.enum(ROLE_NAMES),
    permissions: z.array(z.string()),
    actions: z.array(z.string()).nullable().describe('null: all that the role allows'),
    resources: z.array(z.string()).nullable().describe('null: everything of the tenant'),
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
