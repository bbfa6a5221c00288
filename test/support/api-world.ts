import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openStore } from '../../db/open.ts'
import { auditRoutes } from '../../routes/audit.ts'
import { eventRoutes } from '../../routes/events.ts'
import { keyRoutes, platformKeyRoutes } from '../../routes/keys.ts'
import { registryRoutes } from '../../routes/registries.ts'
import { secretRoutes } from '../../routes/secrets.ts'
import { tenantRoutes } from '../../routes/tenants.ts'
import { whoamiRoutes } from '../../routes/whoami.ts'
import { joseTokens } from '../../src/adapters/jose-tokens.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { openVault } from '../../src/adapters/vault.ts'
import { referenceScript } from '../../src/adapters/reference-script.ts'
import type { NewAccessKey } from '../../src/contract/keys.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS, type Role } from '../../src/core/permissions.ts'
import { apiApp, type ApiDeps } from '../../src/http/app.ts'
import type { App } from '../../src/http/shell.ts'
import { auditCheckService } from '../../src/services/audit-check.ts'
import { auditService } from '../../src/services/audit.ts'
import { eventService } from '../../src/services/events.ts'
import { ledgerService } from '../../src/services/ledger.ts'
import { keyService } from '../../src/services/keys.ts'
import { onceService } from '../../src/services/once.ts'
import { operationService, settling } from '../../src/services/operations.ts'
import { registryService } from '../../src/services/registries.ts'
import { secretsKeyService } from '../../src/services/secrets-key.ts'
import { secretService } from '../../src/services/secrets.ts'
import { tenantErasure } from '../../src/services/tenant-erasure.ts'
import { tenantService } from '../../src/services/tenants.ts'
import { whoamiService } from '../../src/services/whoami.ts'
import { freshDatabase, MEMORY, MIGRATIONS } from './fresh-database.ts'

/** A moment at which all tests begin. */
export const START = Date.parse('2026-01-02T03:04:05.000Z')

export interface LogEntry {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Asked {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const requireRuntime = () => Promise.resolve()
const limitsChanged = (): void => undefined

/** The services of the API, on a real database and real keys, with a clock that is moved by hand. */
async function house(folder: string) {
  const database = join(folder, 'cloudlet.db')
  await freshDatabase(database)
  const url = `file:${database}`
  const store = await openStore(url, MIGRATIONS)
  const path = join(folder, 'keys.json')
  const keyRing = await openKeyRing({ path, databaseHasKeys: false })
  const time = { now: START }
  const clock = { now: () => new Date(time.now) }
  let made = 0
  const newId = () => String(++made).padStart(16, '0')
  const newJti = () => `jti-${newId()}`
  const events = eventService({ store, clock })
  const audit = auditService({ store, clock, keyRing })
  const auditCheck = auditCheckService({ store, keyRing, breathe: () => setImmediate() })
  const keyDeps = { store, clock, newId, newJti, keyRing, tokens: joseTokens, audit }
  const keys = keyService(keyDeps)
  const defaults = { containers: 20, cpuMilli: 8000, memoryBytes: null }
  const ended = (tenantId: string) => keys.endTenant(tenantId)
  const tenantDeps = {
    store,
    clock,
    newId,
    audit,
    events,
    ledger: ledgerService({ events, machine: () => undefined }),
    defaults,
    ended,
    limitsChanged,
    requireRuntime,
    isolated: true,
    operations: operationService({ store, clock, newId, audit, wake: () => undefined }),
    wake: () => undefined,
    wakeTenant: () => undefined,
    routesChanged: () => undefined,
    erase: tenantErasure({ clock, events }),
  }
  const tenants = tenantService(tenantDeps)
  const registries = registryService({ store, clock, audit, keyRing })
  const vault = await openVault({ path, databaseHasSecrets: false })
  const secrets = secretService({ store, clock, newId, audit, vault })
  const secretsKey = secretsKeyService({ store, audit, vault, breathe: () => setImmediate() })
  await keys.load()
  const once = onceService({ store, clock, keyRing })
  return {
    once,
    store,
    time,
    clock,
    newId,
    url,
    keyRing,
    keyFile: path,
    vault,
    secrets,
    secretsKey,
    audit,
    auditCheck,
    events,
    keyDeps,
    keys,
    tenantDeps,
    tenants,
    registries,
  }
}
type House = Awaited<ReturnType<typeof house>>
type Route = (app: App) => void

function routesOf(inside: House): Route[] {
  const { tenants, keys, audit, auditCheck, events, registries, clock } = inside
  return [
    (app) => tenantRoutes(app, { tenants, settle: settling(inside.tenantDeps.operations) }),
    (app) => keyRoutes(app, keys),
    (app) => platformKeyRoutes(app, keys),
    (app) => eventRoutes(app, events),
    (app) => auditRoutes(app, { audit, auditCheck }),
    (app) => registryRoutes(app, registries),
    (app) => secretRoutes(app, inside),
    (app) => whoamiRoutes(app, whoamiService({ clock })),
  ]
}

/** Nobody is told to wait, where a test is not about that. */
const PLENTY = { perSecond: 1_000_000, burst: 1_000_000 }

/** The API as a client meets it, with nothing behind it that would need an engine. */
export async function apiWorld(
  further: readonly Route[] = [],
  changed: Partial<
    Pick<ApiDeps, 'bodyMs' | 'corsOrigins' | 'deadlineMs' | 'rateOf' | 'rates'>
  > = {},
) {
  const folder = mkdtempSync(join(MEMORY, 'cloudlet-api-'))
  const inside = await house(folder)
  const { audit, clock, keys, newId, once, store, tenants, time } = inside
  const stopping = new AbortController()
  const logged: LogEntry[] = []
  const app = apiApp({
    authenticate: keys.authenticate,
    find: () => Promise.resolve(undefined),
    secureCookies: false,
    streams: { begin: () => () => undefined },
    audit,
    once,
    clock,
    log: (level, message, fields = {}) => logged.push({ level, message, fields }),
    newRequestId: () => `request-${newId()}`,
    stopping: stopping.signal,
    hosts: ['cloud.example'],
    corsOrigins: ['https://console.example'],
    rates: { address: PLENTY, loopback: PLENTY, key: PLENTY, tenant: PLENTY },
    rateOf: () => null,
    ...changed,
    version: '1.2.3',
    reference: referenceScript(),
    routes: [...routesOf(inside), ...further],
  })
  const admin = await keys.createAdmin()
  const keyOf = (tenant: string | null, role: Role): Promise<NewAccessKey> => {
    const caller = { permissions: ALL_PERMISSIONS }
    return keys.create({ tenant, actor: PLATFORM, caller }, { description: '', role })
  }

  return {
    ...inside,
    app,
    admin,
    logged,
    stopping,
    keyOf,
    call: (line: Line, asked: Asked = {}) => requested(app, line, asked),
    /** A new tenant, and a key of it. */
    async tenant(slug: string, role: Role = 'admin'): Promise<NewAccessKey> {
      await tenants.create({ slug, policy: 'baseline' }, PLATFORM)
      return keyOf(slug, role)
    },
    advance(ms: number): void {
      time.now += ms
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
export type ApiWorld = Awaited<ReturnType<typeof apiWorld>>

/** Method and path. */
export type Line = `${string} /${string}`

/** One request, as a client would send it. */
export async function requested(
  app: App,
  line: Line,
  { token, body, headers }: Asked,
): Promise<Response> {
  const [method = '', path = ''] = line.split(' ')
  const all = new Headers({ ...headers })
  if (token !== undefined) all.set('authorization', `Bearer ${token}`)
  if (body === undefined) return app.request(path, { method, headers: all })
  if (!all.has('content-type')) all.set('content-type', 'application/json')
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return app.request(path, { method, headers: all, body: text })
}
