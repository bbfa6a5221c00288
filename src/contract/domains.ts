import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Id, InTenant, Timestamp } from './names.ts'
import { Host } from './route-policy.ts'

export const DomainClaim = z
  .strictObject({
    name: Host.describe('A name of the world, e.g. `example.org`'),
    subdomains: z.boolean().default(false).describe('Covers what is below it, too'),
  })
  .meta({ id: 'DomainClaim' })
export type DomainClaim = z.infer<typeof DomainClaim>

export const Domain = z
  .object({
    id: Id,
    name: Host,
    subdomains: z.boolean(),
    state: z.enum(['claimed', 'proved']).describe('Routes may use a name that is proved'),
    proof: z.enum(['dns', 'http']).nullable().describe('How it was proved'),
    dns: z
      .object({ name: z.string(), value: z.string() })
      .describe('One proof: a TXT record of this name with this value'),
    http: z
      .object({ url: z.string(), value: z.string() })
      .describe('Or GET of this address answers this value'),
    createdAt: Timestamp,
    provedAt: Timestamp.nullable(),
    expiresAt: Timestamp.nullable().describe('When a claim lapses that is not proved'),
  })
  .meta({ id: 'Domain' })
export type Domain = z.infer<typeof Domain>

const DOMAINS = '/v1/tenants/{tenant}/domains'
const DOMAIN = `${DOMAINS}/{domain}` as const
const InDomain = InTenant.extend({
  domain: z
    .string()
    .max(253)
    .regex(/^[a-z0-9.-]+$/)
    .describe('Its name or its id'),
})
const READING = { permission: 'networks:read', kind: 'answer', status: 200 } as const
const WRITING = { permission: 'networks:write', kind: 'answer' } as const

export const claimDomain = endpoint({
  ...WRITING,
  id: 'domains.claim',
  method: 'post',
  path: DOMAINS,
  summary: 'Claim a domain, to be proved within seven days',
  params: InTenant,
  body: DomainClaim,
  status: 201,
  response: Domain,
  failures: ['domain-taken', 'not-found', 'state-conflict', 'too-many-domains'],
})

export const listDomains = endpoint({
  ...READING,
  id: 'domains.list',
  method: 'get',
  path: DOMAINS,
  summary: 'List claimed domains by name',
  params: InTenant,
  response: z.object({ items: z.array(Domain) }),
  failures: ['not-found'],
})

export const getDomain = endpoint({
  ...READING,
  id: 'domains.get',
  method: 'get',
  path: DOMAIN,
  summary: 'Show a claimed domain and how to prove it',
  params: InDomain,
  response: Domain,
  failures: ['not-found'],
})

export const verifyDomain = endpoint({
  ...WRITING,
  id: 'domains.verify',
  method: 'post',
  path: `${DOMAIN}/verify`,
  summary: 'Look for the proof of a claimed domain, in the DNS and over HTTP',
  params: InDomain,
  status: 200,
  response: Domain,
  failures: ['domain-unproved', 'not-found', 'state-conflict'],
})

export const deleteDomain = endpoint({
  ...WRITING,
  id: 'domains.delete',
  method: 'delete',
  path: DOMAIN,
  summary: 'Give up a domain that no route uses; one that does not exist is gone already',
  params: InDomain,
  status: 204,
  response: z.null(),
  failures: ['not-found', 'state-conflict'],
})
