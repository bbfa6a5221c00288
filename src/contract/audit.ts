import { z } from 'zod'
import { FLAWS, type Flaw } from '../core/audit-chain.ts'
import { endpoint, page, PageQuery } from './endpoint.ts'
import { InTenant, Timestamp } from './names.ts'

const Chain = z
  .string()
  .regex(/^[a-z0-9]{8,16}$/)
  .describe('Id of the tenant whose chain it is, or `platform`')

export const AuditEntry = z
  .object({
    chain: Chain,
    seq: z.int().describe('Counts from 1 without gaps, in each chain for itself'),
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

/** A line of an exported chain: the entry, and what ties it to the one before. */
export const AuditLink = AuditEntry.extend({
  rootKey: z.int().min(1).describe('Number of the root key that the mac is made with'),
  previousMac: z.string().max(43).describe('Mac of the entry before; empty for the first'),
  mac: z.string().max(43).describe('HMAC-SHA-256 over all of the entry and `previousMac`'),
}).meta({ id: 'AuditLink' })
export type AuditLink = z.infer<typeof AuditLink>

const FLAW_NAMES = Object.keys(FLAWS).filter((name): name is Flaw => Object.hasOwn(FLAWS, name))

export const AuditVerdict = z
  .object({
    ok: z.boolean(),
    chain: z.string(),
    entries: z.int().describe('How many were found good'),
    head: z.string().nullable().describe('`<seq>:<mac>` of the last good entry'),
    firstBad: z
      .object({ seq: z.int(), flaw: z.enum(FLAW_NAMES), why: z.string() })
      .nullable()
      .describe('The first entry that is not what was written'),
  })
  .meta({ id: 'AuditVerdict' })
export type AuditVerdict = z.infer<typeof AuditVerdict>

const AuditQuery = PageQuery.extend({
  since: Timestamp.optional().describe('Only what was asked for then or later'),
  until: Timestamp.optional().describe('Only what was asked for before'),
  action: z.string().max(100).optional().describe('Only this action, e.g. `containers.create`'),
  result: z.string().max(100).optional().describe('Only this result, e.g. `accepted`'),
  actor: z.string().max(100).optional().describe('Only what this actor asked for'),
})
export type AuditQuery = z.infer<typeof AuditQuery>

const HeadQuery = z.strictObject({
  head: z
    .string()
    .max(80)
    .optional()
    .describe('A head noted earlier, `<seq>:<mac>`: the chain must still have it'),
})
const InChain = z.strictObject({ chain: Chain.optional() })

/** What one request may carry: a line is at most some 1.5 KiB, and a body at most 1 MiB. */
export const MOST_GIVEN_LINKS = 500
const Given = z.strictObject({
  entries: z
    .array(AuditLink.strict())
    .max(MOST_GIVEN_LINKS)
    .describe('Lines of an export, in order'),
})

const READING = { permission: 'audit:read', status: 200 } as const
const OF_PLATFORM = { ...READING, platform: true } as const
const OF_TENANT = { ...READING, params: InTenant } as const

export const listAudit = endpoint({
  ...OF_PLATFORM,
  id: 'platform-audit.list',
  method: 'get',
  path: '/v1/audit',
  summary: 'List the audit log of the whole platform, the newest first',
  query: AuditQuery,
  kind: 'answer',
  response: page(AuditEntry),
  failures: [],
})

export const listTenantAudit = endpoint({
  ...OF_TENANT,
  id: 'tenant-audit.list',
  method: 'get',
  path: '/v1/tenants/{tenant}/audit',
  summary: "List a tenant's audit log, the newest first",
  query: AuditQuery,
  kind: 'answer',
  response: page(AuditEntry),
  failures: ['not-found'],
})

export const verifyAudit = endpoint({
  ...OF_PLATFORM,
  id: 'platform-audit.verify',
  method: 'get',
  path: '/v1/audit/verify',
  summary: 'Verify a chain of the audit log, from its checkpoint to its end',
  query: HeadQuery.extend(InChain.shape),
  kind: 'answer',
  response: AuditVerdict,
  failures: [],
})

export const verifyTenantAudit = endpoint({
  ...OF_TENANT,
  id: 'tenant-audit.verify',
  method: 'get',
  path: '/v1/tenants/{tenant}/audit/verify',
  summary: "Verify the chain of a tenant's audit log",
  query: HeadQuery,
  kind: 'answer',
  response: AuditVerdict,
  failures: ['not-found'],
})

export const verifyGivenAudit = endpoint({
  ...OF_PLATFORM,
  id: 'platform-audit.verify-given',
  method: 'post',
  path: '/v1/audit/verify',
  summary: 'Verify entries that were exported earlier',
  body: Given,
  kind: 'answer',
  response: AuditVerdict,
  failures: [],
})

export const verifyGivenTenantAudit = endpoint({
  ...OF_TENANT,
  id: 'tenant-audit.verify-given',
  method: 'post',
  path: '/v1/tenants/{tenant}/audit/verify',
  summary: "Verify entries of a tenant's audit log that were exported earlier",
  body: Given,
  kind: 'answer',
  response: AuditVerdict,
  failures: ['not-found'],
})

export const exportAudit = endpoint({
  ...OF_PLATFORM,
  id: 'platform-audit.export',
  method: 'get',
  path: '/v1/audit/export',
  summary: 'Export a chain of the audit log with its macs, the oldest first',
  query: InChain,
  kind: 'stream',
  response: AuditLink,
  failures: ['state-conflict'],
})

export const exportTenantAudit = endpoint({
  ...OF_TENANT,
  id: 'tenant-audit.export',
  method: 'get',
  path: '/v1/tenants/{tenant}/audit/export',
  summary: "Export a tenant's audit log with its macs, the oldest first",
  kind: 'stream',
  response: AuditLink,
  failures: ['not-found', 'state-conflict'],
})
