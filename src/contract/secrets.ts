import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, Name, Timestamp } from './names.ts'

/** Larger is a file, and belongs into a volume or an image. */
export const MOST_SECRET_BYTES = 64 * 1024

/** All that is ever shown of one: no answer of the API has a value in it. */
export const Secret = z
  .object({
    id: Id,
    name: Name,
    version: z.int().describe('The newest, used where no other is named'),
    versions: z
      .array(z.object({ version: z.int(), sizeBytes: z.int(), createdAt: Timestamp }))
      .describe('Those that are kept, the oldest first'),
    usedBy: z.array(Name).describe('Containers that name it'),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Secret' })
export type Secret = z.infer<typeof Secret>

export const SecretPut = z
  .strictObject({
    value: z.string().max(MOST_SECRET_BYTES).optional().describe('Text, stored as UTF-8'),
    base64: z
      .base64()
      .max(Math.ceil(MOST_SECRET_BYTES / 3) * 4)
      .optional()
      .describe('Instead of `value`: any bytes'),
  })
  .refine((put) => (put.value === undefined) !== (put.base64 === undefined), {
    message: 'either `value` or `base64`',
  })
  .meta({ id: 'SecretPut' })
export type SecretPut = z.infer<typeof SecretPut>

/** How a container's spec names one. */
const SecretUse = z
  .strictObject({
    name: Name,
    version: z
      .union([z.literal('latest'), z.int().min(1)])
      .default('latest')
      .describe('`latest`: the newest there is when a run begins'),
    env: z
      .string()
      .max(256)
      .regex(/^[a-zA-Z_]\w*$/)
      .optional()
      .describe('The variable that has the value; a file is safer'),
    file: z
      .string()
      .max(128)
      .regex(/^\w[\w.-]*(\/\w[\w.-]*){0,3}$/)
      .optional()
      .describe('Path below /run/secrets; default: the name'),
    mode: z
      .enum(['0400', '0444'])
      .optional()
      .describe("Default: 0400 of the container's user; 0444 where that is a name"),
  })
  .meta({ id: 'SecretUse' })

export const SecretUses = z
  .array(SecretUse)
  .max(32)
  .describe('Secrets of the tenant, as files below /run/secrets or as variables')

const SECRET = '/v1/tenants/{tenant}/secrets/{secret}'
const InSecret = InTenant.extend({ secret: Name })
const READING = { permission: 'secrets:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'secrets:write', kind: 'answer', status: 200 } as const

export const putSecret = endpoint({
  ...WRITING,
  id: 'secrets.put',
  method: 'put',
  path: SECRET,
  summary: 'Create a secret, or give it a new version; the same value again changes nothing',
  params: InSecret,
  body: SecretPut,
  response: Secret,
  failures: ['not-found', 'state-conflict'],
})

export const listSecrets = endpoint({
  ...READING,
  id: 'secrets.list',
  method: 'get',
  path: '/v1/tenants/{tenant}/secrets',
  summary: 'List secrets by name: versions and sizes, never a value',
  params: InTenant,
  response: z.object({ items: z.array(Secret) }),
  failures: ['not-found'],
})

export const getSecret = endpoint({
  ...READING,
  id: 'secrets.get',
  method: 'get',
  path: SECRET,
  summary: 'Show a secret: versions and sizes, never a value',
  params: InSecret,
  response: Secret,
  failures: ['not-found'],
})

export const rollBackSecret = endpoint({
  ...WRITING,
  id: 'secrets.rollback',
  method: 'post',
  path: `${SECRET}/rollback`,
  summary: 'Make the value of an older version the newest again, as a new version',
  params: InSecret,
  body: z.strictObject({ version: z.int().min(1) }).meta({ id: 'SecretRollback' }),
  response: Secret,
  failures: ['not-found', 'state-conflict'],
})

export const deleteSecret = endpoint({
  ...WRITING,
  id: 'secrets.delete',
  method: 'delete',
  path: SECRET,
  summary: 'Delete a secret with all its versions, unless a container names it',
  params: InSecret,
  response: Secret,
  failures: ['not-found', 'state-conflict'],
})

export const rotateSecretsKey = endpoint({
  id: 'platform.rotate-secrets-key',
  method: 'post',
  path: '/v1/platform/rotate-secrets-key',
  summary: 'Wrap the keys of all secrets with a new key; access keys stay as they are',
  permission: 'platform:write',
  platform: true,
  kind: 'answer',
  status: 200,
  response: z
    .object({
      key: z.int().describe('Number of the key that all secrets are under now'),
      rewrapped: z.int().describe('Versions that were under another'),
      resumed: z
        .boolean()
        .describe('True: an earlier rotation had been cut short, and is done now'),
    })
    .meta({ id: 'SecretsKeyRotated' }),
  failures: [],
})
