import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Timestamp } from './names.ts'
import { SafeMode } from './safe-mode.ts'

export const PlatformHealth = z
  .object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    engine: z.enum(['up', 'down']),
    edge: z.enum(['up', 'down']),
    database: z
      .enum(['up', 'read-only'])
      .describe('`read-only`: the disk is full, or the database away; it recovers by itself'),
  })
  .meta({ id: 'PlatformHealth' })

export const platformHealth = endpoint({
  id: 'platform.health',
  method: 'get',
  path: '/v1/health',
  summary: 'Tell whether the platform works',
  permission: 'public',
  kind: 'answer',
  status: 200,
  response: PlatformHealth,
  failures: [],
})

export const Platform = z
  .object({
    version: z.string(),
    instance: z.string(),
    domain: z.string(),
    internalDomain: z.string(),
    ingress: z.string().describe('Address on which the ingress listens'),
    https: z.string().describe('Address on which the ingress listens for TLS'),
    dns: z.string().describe('Address on which the DNS responder listens for the host'),
    resolver: z.string().describe('Address of the resolver that containers use'),
    isolated: z.boolean(),
    enforced: z
      .boolean()
      .describe('False: the host does not hold the sum of a tenant to its limits'),
    safeMode: SafeMode.nullable().describe(
      'While it is on, nothing is removed for being unknown to the database',
    ),
  })
  .meta({ id: 'Platform' })
export type Platform = z.infer<typeof Platform>

export const getPlatform = endpoint({
  id: 'platform.get',
  method: 'get',
  path: '/v1/platform',
  summary: 'Show where the platform listens and what it enforces',
  permission: 'signed-in',
  kind: 'answer',
  status: 200,
  response: Platform,
  failures: [],
})

export const PlatformAuthority = z
  .object({
    certificate: z
      .string()
      .describe('PEM: what a trust store has to have for the apps to be trusted'),
    sha256: z.string().describe('Fingerprint, as browsers and openssl show it'),
    validUntil: Timestamp,
  })
  .meta({ id: 'PlatformAuthority' })
export type PlatformAuthority = z.infer<typeof PlatformAuthority>

export const platformAuthority = endpoint({
  id: 'platform.authority',
  method: 'get',
  path: '/v1/platform/authority',
  summary: 'Show the certificate of the authority that signs those of the apps',
  permission: 'signed-in',
  kind: 'answer',
  status: 200,
  response: PlatformAuthority,
  failures: [],
})
