import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { apiHostObjection } from './core/api-host.ts'
import { groupRoles } from './core/group-roles.ts'
import { LOG_LEVELS } from './log.ts'
import {
  Addresses,
  Amount,
  Domain,
  Flag,
  HostPort,
  OidcUrl,
  OptionalAmount,
  OptionalFactor,
  Origins,
  Ranges,
  RequestRate,
  Resolvers,
  Rest,
} from './setting-kinds.ts'

/**
 * Every setting of the server. Absent addresses and pools are chosen at the first start and kept in the
 * data directory. The table in docs/operations.md is made from this.
 */
export const SETTINGS = {
  CLOUDLET_DATA_DIR: z
    .string()
    .min(1)
    .describe('Where the database, the keys and all state are')
    .meta({ shown: '`/var/lib/cloudlet` for root, else `~/.local/share/cloudlet`' }),
  CLOUDLET_CONFIG_FILE: z
    .string()
    .optional()
    .describe('A file of `NAME=value` lines; the environment wins over it'),
  CLOUDLET_API_ADDRESS: HostPort.optional()
    .describe('Where the API listens in clear: an address of this machine alone (loopback)')
    .meta({ shown: '`127.0.0.1:7070`' }),
  CLOUDLET_API_HOST: Domain.optional().describe(
    'Name under which the ingress serves the API over TLS: no domain of the apps, and none within or above one',
  ),
  CLOUDLET_API_HOSTS: z
    .string()
    .default('')
    .describe('Further names under which the API may be called, separated by commas'),
  CLOUDLET_INGRESS_HTTP_ADDRESS: HostPort.optional()
    .describe('Where the ingress listens')
    .meta({ shown: 'port 80 on all addresses as root when free, else 8080' }),
  CLOUDLET_INGRESS_HTTPS_ADDRESS: HostPort.optional()
    .describe('Where the ingress listens for TLS')
    .meta({ shown: 'port 443 on all addresses as root when free, else 8443' }),
  CLOUDLET_INGRESS_PROXY_FROM: Ranges.default([]).describe(
    'Ranges of load balancers whose connections begin with a header of the PROXY protocol, version 2, separated by commas',
  ),
  CLOUDLET_INGRESS_TRUSTED_PROXIES: Ranges.default([]).describe(
    'Ranges of proxies whose `X-Forwarded-For` or `Forwarded` is believed, separated by commas',
  ),
  CLOUDLET_DNS_ADDRESS: HostPort.optional()
    .describe('Where the DNS responder listens for the host')
    .meta({ shown: '`127.0.0.1:53` as root when free, else `127.0.0.1:1053`' }),
  CLOUDLET_DNS_UPSTREAMS: Resolvers.default([])
    .describe(
      'Resolvers that are asked what is not of this platform, separated by commas; over TLS with the name of the certificate, `tls://9.9.9.9#dns.quad9.net`',
    )
    .meta({ shown: 'those of `/etc/resolv.conf`' }),
  CLOUDLET_DNS_SECONDARIES: Addresses.default([]).describe(
    'Addresses of DNS servers that may transfer the zone of `CLOUDLET_DOMAIN` (AXFR), separated by commas',
  ),
  CLOUDLET_DOMAIN: Domain.default('cloud.local').describe(
    'Domain of the apps; `localhost` is always there beside it',
  ),
  CLOUDLET_DOMAIN_PROOF_PRIVATE: Flag.default(false).describe(
    'Whether a domain may be proved over HTTP at an address that is not of the public internet',
  ),
  CLOUDLET_INTERNAL_DOMAIN: Domain.default('internal').describe('Domain of the names inside'),
  CLOUDLET_ADDRESS_POOL: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'a range such as 10.208.0.0/12')
    .optional()
    .describe('Range from which tenants get their networks, cut in /24s')
    .meta({
      shown:
        'the first of `10.208.0.0/12`, `10.224.0.0/12`, `10.192.0.0/12` that overlaps no route of the host and no pool of another instance',
    }),
  CLOUDLET_ENGINE: z
    .string()
    .default('/var/run/docker.sock')
    .describe("The Docker Engine's socket"),
  CLOUDLET_DEMO: Flag.default(true).describe('`0` starts without the demo'),
  CLOUDLET_UNISOLATED: Flag.default(false).describe(
    '`1` lets a user who is not root try it: one tenant, no names inside containers, no walls',
  ),
  CLOUDLET_ACME_DIRECTORY: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe(
      'Directory of a public authority (ACME, RFC 8555) that certifies `CLOUDLET_API_HOST` and the hosts of routes beyond the own domains, e.g. `https://acme-v02.api.letsencrypt.org/directory`, whose terms you then agree to; absent: the own authority does',
    ),
  CLOUDLET_ACME_EMAIL: z.email().optional().describe('Where that authority may write to'),
  CLOUDLET_ACME_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('A file (PEM) by which the directory of a private authority is trusted'),
  CLOUDLET_INGRESS_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .optional()
    .describe('Processes of the ingress')
    .meta({ shown: 'one a core, at most 4' }),
  CLOUDLET_LOG_LEVEL: z
    .enum(LOG_LEVELS)
    .optional()
    .describe('Least level that is logged')
    .meta({ shown: '`warn` on a terminal, else `info`' }),
  CLOUDLET_TENANT_CONTAINERS: OptionalAmount.default(20).describe(
    'Containers a new tenant may have; empty: without limit',
  ),
  CLOUDLET_TENANT_CPU_MILLI: OptionalAmount.default(8000).describe(
    'Milli-CPUs a new tenant may reserve; empty: without limit',
  ),
  CLOUDLET_TENANT_MEMORY_BYTES: OptionalAmount.default(8 * 1024 ** 3).describe(
    'Bytes of memory a new tenant may reserve; empty: without limit',
  ),
  CLOUDLET_TENANT_PIDS: OptionalAmount.default(16_384).describe(
    'Processes and threads a new tenant may reserve; empty: without limit',
  ),
  CLOUDLET_TENANT_NETWORKS: OptionalAmount.default(10).describe(
    'Networks a new tenant may have, its `default` included; empty: without limit',
  ),
  CLOUDLET_TENANT_ADDRESSES: OptionalAmount.default(4096).describe(
    'Addresses a new tenant may reserve, by whole ranges of its networks; empty: without limit',
  ),
  CLOUDLET_TENANT_LOG_BYTES: OptionalAmount.default(4 * 1024 ** 3).describe(
    'Bytes of logs a new tenant may reserve, 30 MiB a container; empty: without limit',
  ),
  CLOUDLET_OVERCOMMIT_CPU: OptionalFactor.default(16).describe(
    'So many times the CPUs of the host may be reserved by all tenants; empty: without limit',
  ),
  CLOUDLET_OVERCOMMIT_MEMORY: OptionalFactor.default(1.5).describe(
    'So many times the memory of the host may be reserved by all tenants; empty: without limit',
  ),
  CLOUDLET_DISK_HIGH_WATER_PERCENT: OptionalFactor.pipe(z.number().max(100).nullable())
    .default(95)
    .describe(
      'A disk of the platform or the engine that is fuller takes no new containers; empty: it is not looked at',
    ),
  CLOUDLET_DB_URL: z
    .string()
    .regex(/^(https?|libsql|wss?):\/\/[^?#]+$/, 'an address such as libsql://db.example.org')
    .optional()
    .describe('A libSQL server that holds the state instead of a file')
    .meta({ shown: 'the file `<data>/control/cloudlet.db`' }),
  CLOUDLET_DB_TOKEN_FILE: z
    .string()
    .optional()
    .describe('A file that holds nothing but the token of that server'),
  CLOUDLET_DB_BACKUP_HOURS: z.coerce
    .number()
    .int()
    .min(0)
    .max(24 * 365)
    .default(24)
    .describe('Hours from one backup of the database to the next; 0: only when asked for'),
  CLOUDLET_DB_BACKUPS_KEPT: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(7)
    .describe('Backups of the database that are kept'),
  CLOUDLET_DB_BACKUP_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Where the backups of the database go: better another disk')
    .meta({ shown: '`<data>/backups`' }),
  CLOUDLET_EVENTS_KEPT: z.coerce
    .number()
    .int()
    .min(1000)
    .max(10_000_000)
    .default(100_000)
    .describe('Events that are kept at most, of the whole platform; of one tenant a tenth'),
  CLOUDLET_EVENTS_KEPT_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('Days for which events are kept at most'),
  CLOUDLET_AUDIT_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(365)
    .describe('Days for which entries of the audit log are kept'),
  CLOUDLET_AUDIT_ENTRIES: z.coerce
    .number()
    .int()
    .min(1000)
    .max(10_000_000)
    .default(100_000)
    .describe('Entries of the audit log that are kept of each tenant, and of the platform'),
  CLOUDLET_REGISTRIES: z
    .string()
    .regex(/^[a-z0-9.:, -]*$/, 'hosts such as registry.corp:5000, separated by commas')
    .default('')
    .describe(
      'Registries that tenants may pull from though they are not on the public Internet, separated by commas',
    ),
  CLOUDLET_IMAGE_BYTES: Amount.default(8 * 1024 ** 3).describe(
    'Largest image that a tenant may pull, packed',
  ),
  CLOUDLET_LOOK_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3600)
    .default(30)
    .describe('Seconds between two looks at all there is on the engine and in the packet filter'),
  CLOUDLET_RANGE_REST_SECONDS: Rest.default(600).describe(
    'Seconds before the range of a deleted network is given to another',
  ),
  CLOUDLET_ADDRESS_REST_SECONDS: Rest.default(60).describe(
    'Seconds before the address of a removed container is given to another',
  ),
  CLOUDLET_IMAGE_IDLE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(365 * 24 * 60 * 60)
    .default(60 * 60)
    .describe('So long a pulled image of which no container is made is kept, before it is removed'),
  CLOUDLET_CORS_ORIGINS: Origins.default([])
    .describe(
      'Origins whose pages may call the API, separated by commas, e.g. `https://console.example.com`',
    )
    .meta({ shown: 'none' }),
  CLOUDLET_RATE_ADDRESS: RequestRate.prefault('200/1000')
    .describe(
      'Requests a second of one address, and how many can be saved up; of IPv6 a /64 counts as one',
    )
    .meta({ shown: '`200/1000`' }),
  CLOUDLET_RATE_LOOPBACK: RequestRate.prefault('5000/20000')
    .describe("The same for the machine's own addresses")
    .meta({ shown: '`5000/20000`' }),
  CLOUDLET_RATE_KEY: RequestRate.prefault('100/1000')
    .describe('The same for one access key')
    .meta({ shown: '`100/1000`' }),
  CLOUDLET_RATE_TENANT: RequestRate.prefault('200/2000')
    .describe('The same for all keys of one tenant together')
    .meta({ shown: '`200/2000`' }),
  CLOUDLET_OIDC_ISSUER: OidcUrl.optional().describe(
    'Issuer of the identity provider with which people sign in; empty: they do not',
  ),
  CLOUDLET_OIDC_CLIENT_ID: z.string().min(1).optional().describe('How the provider knows us'),
  CLOUDLET_OIDC_CLIENT_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe('Where the provider wants one beside PKCE'),
  CLOUDLET_OIDC_SCOPES: z
    .string()
    .regex(/^openid( [\x21-\x7e]+)*$/, 'openid, and further scopes behind it')
    .default('openid email profile')
    .describe('What is asked of the provider'),
  CLOUDLET_OIDC_REDIRECT_URL: OidcUrl.refine(
    (url) => URL.parse(url)?.pathname === '/v1/auth/callback',
    'an address whose path is /v1/auth/callback',
  )
    .optional()
    .describe('Where the provider sends browsers back to, as it is registered there')
    .meta({
      shown:
        '`/v1/auth/callback` of `CLOUDLET_API_HOST` over TLS, else of the API address in clear',
    }),
  CLOUDLET_OIDC_GROUPS_CLAIM: z
    .string()
    .min(1)
    .default('groups')
    .describe('Claim with the groups of a person'),
  CLOUDLET_OIDC_ROLES: z
    .string()
    .default('')
    .refine((text) => groupRoles(text) !== undefined, 'like ops=admin@*,dev=member@shop')
    .describe('Roles by group: `<group>=<role>@<tenant>`, with `*` for the platform'),
  CLOUDLET_BOOTSTRAP: z
    .enum(['check', ''])
    .default('')
    .describe('`check`: the bootstrap installs and starts nothing, it says what is missing'),
  CLOUDLET_FAILPOINT: z
    .string()
    .default('')
    .describe(
      'For tests: a file; at the point that it names, the control plane removes it and ends with SIGKILL',
    ),
} as const

const Settings = z
  .object(SETTINGS)
  .superRefine((read, context) => {
    const domains = [read.CLOUDLET_DOMAIN, read.CLOUDLET_INTERNAL_DOMAIN, 'localhost']
    const message = read.CLOUDLET_API_HOST && apiHostObjection(read.CLOUDLET_API_HOST, domains)
    if (message) context.addIssue({ code: 'custom', path: ['CLOUDLET_API_HOST'], message })
  })
  .refine(
    (read) =>
      (read.CLOUDLET_OIDC_ISSUER === undefined) === (read.CLOUDLET_OIDC_CLIENT_ID === undefined),
    { path: ['CLOUDLET_OIDC_CLIENT_ID'], message: 'goes together with CLOUDLET_OIDC_ISSUER' },
  )
export type Settings = Readonly<z.infer<typeof Settings>>

/** The environment, as the process was given it, and whether it is root's. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid: number
  readonly home: string
}

export const thisWorld = (): World => ({
  env: process.env,
  uid: process.getuid?.() ?? -1,
  home: homedir(),
})

/** Reads the settings, once. Throws one sentence that names each wrong one. */
export function readSettings({ env, uid, home }: World): Settings {
  const file = env['CLOUDLET_CONFIG_FILE']
  const written: Record<string, string | undefined> = {
    CLOUDLET_DATA_DIR: uid === 0 ? '/var/lib/cloudlet' : join(home, '.local/share/cloudlet'),
    ...(file ? readSettingsFile(file) : {}),
    ...given(env),
  }
  const unknown = Object.keys(written).filter((key) => !Object.hasOwn(SETTINGS, key))
  const mistyped = unknown.filter(
    (key) => !CLIENT_SETTINGS.has(key) && !key.startsWith('CLOUDLET_TEST_'),
  )
  if (mistyped.length > 0) throw new SettingsError(`Unknown setting ${mistyped.join(', ')}`)
  const parsed = Settings.safeParse(written)
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new SettingsError(`Cannot read the settings: ${wrong.join('; ')}`)
  }
  const settings = { ...parsed.data, CLOUDLET_DATA_DIR: resolve(parsed.data.CLOUDLET_DATA_DIR) }
  return Object.freeze(settings)
}

/** Where the command line client looks for its profiles (XDG Base Directory Specification). */
export const profileFileOf = ({ env, home }: World): string =>
  join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'cloudlet', 'profile.json')

export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** Settings of the command line client, which has its own reader. */
const CLIENT_SETTINGS: ReadonlySet<string> = new Set([
  'CLOUDLET_ENDPOINT',
  'CLOUDLET_API_KEY',
  'CLOUDLET_ACCESS_KEY_ID',
  'CLOUDLET_SECRET_KEY',
  'CLOUDLET_TENANT',
  'CLOUDLET_CA_FILE',
  'CLOUDLET_PROFILE',
])

const given = (env: World['env']): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([key, value]) => key.startsWith('CLOUDLET_') && value !== undefined,
    ),
  )

function readSettingsFile(path: string): Record<string, string> {
  const lines = textOf(path).split('\n')
  const entries = lines.flatMap((line, index) => {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return []
    const match = /^([A-Z_]+)=(.*)$/.exec(text)
    if (!match) throw new SettingsError(`Cannot read ${path}, line ${index + 1}: not NAME=value`)
    return [[match[1] ?? '', match[2] ?? ''] as const]
  })
  return Object.fromEntries(entries)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SettingsError(`Cannot read the settings: there is no file ${path}`, { cause })
  }
}
