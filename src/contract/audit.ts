import { z } from 'zod'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { InTenant, Timestamp } from './names.ts'

export const AuditEntry = z
  .object({
    seq: z.int(),
    time: Timestamp,
    actor: z
      .string()
      .describe('Who asked: `key:<id>`, `person:<e-mail>`, `anonymous` or `platform`'),
    keyId: z.string().nullable(),
    tenant: z.string().nullable().describe('Slug of the tenant that was touched'),
    action: z.string().describe('Id of the endpoint, e.g. `containers.create`'),
    target: z.string(),
    result: z.string().describe('`accepted`, or the code of the failure'),
    status: z.int(),
    requestId: z.string(),
    sourceAddress: z.string(),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>

export const listAudit = endpoint({
  id: 'audit.list',
  method: 'get',
  path: '/v1/audit',
  summary: 'List the audit log of the whole platform, the newest first',
  permission: 'audit:read',
  platform: true,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: page(AuditEntry),
  failures: [],
})

export const listTenantAudit = endpoint({
  id: 'audit.tenant',
  method: 'get',
  path: '/v1/tenants/{tenant}/audit',
  summary: "List a tenant's audit log, the newest first",
  permission: 'audit:read',
  params: InTenant,
  query: PageQuery,
  kind: 'answer',
  status: 200,
  response: page(AuditEntry),
  failures: ['not-found'],
})
