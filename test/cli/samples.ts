import type { z } from 'zod'
import type { AuditEntry, AuditLink, AuditVerdict } from '../../src/contract/audit.ts'
import type { Backup } from '../../src/contract/backups.ts'
import type { Container } from '../../src/contract/containers.ts'
import type { CloudEvent } from '../../src/contract/events.ts'
import type { Image, Registry } from '../../src/contract/images.ts'
import type { AccessKey, NewAccessKey, Whoami } from '../../src/contract/keys.ts'
import { family, metrics } from './metric-samples.ts'
import type { Orphan } from '../../src/contract/orphans.ts'
import { node, scheduled } from './node-samples.ts'
import type { Operation } from '../../src/contract/operations.ts'
import type { Platform, PlatformAuthority } from '../../src/contract/platform.ts'
import type { Secret } from '../../src/contract/secrets.ts'
import type { User } from '../../src/contract/users.ts'
import type { Session } from '../../src/contract/sessions.ts'
import type { PlatformLimits, PlatformUsage, Share, Usage } from '../../src/contract/usage.ts'
import { allLimits, type Reserved } from '../../src/core/quota.ts'
import {
  certificate,
  firewall,
  firewallDetails,
  network,
  networkDetails,
  PEERING_SAMPLES,
} from './network-samples.ts'
import { ROUTE_SAMPLES } from './route-samples.ts'
import { removal, tenant } from './tenant-samples.ts'
import { tunnelTicket } from './tunnel-sample.ts'

export const TIME = '2026-01-02T03:04:05.000Z'
export const KEY_ID = 'ck0123456789abcdef'

export const container: Container = {
  id: 'c0000000000000aa',
  name: 'hello',
  image: 'cloudlet/demo:latest',
  desired: 'running',
  state: 'running',
  health: 'healthy',
  exitCode: null,
  reason: null,
  restarts: 2,
  addresses: [
    {
      network: 'default',
      address: '10.208.1.2',
      mac: '02:c1:0a:d0:01:02',
      aliases: [],
      defaultRoute: true,
    },
  ],
  hostname: 'hello.demo.internal',
  url: 'http://hello.demo.cloud.local/',
  endpoints: [],
  resources: { memoryBytes: 268_435_456, cpuMilli: 500, cpuShares: 512, pids: 256 },
  fileSystems: [],
  runtime: 'default',
  secretsOutdated: false,
  isolated: true,
  spec: {
    image: 'cloudlet/demo:latest',
    restart: 'on-failure',
    minHealthySeconds: 1,
    stopTimeoutSeconds: 10,
    publish: false,
  },
  generation: 1,
  createdAt: TIME,
  startedAt: TIME,
  finishedAt: null,
}

export const operation: Operation = {
  id: 'o0000000000000aa',
  kind: 'containers.create',
  target: { kind: 'container', id: container.id, name: container.name },
  state: 'succeeded',
  step: null,
  progress: 100,
  error: null,
  createdAt: TIME,
  updatedAt: TIME,
}
export const pending: Operation = { ...operation, state: 'running', step: 'pull', progress: 40 }

const accessKey: AccessKey = {
  id: KEY_ID,
  tenant: 'demo',
  description: 'of the test',
  role: 'member',
  actions: null,
  resources: null,
  version: 1,
  previousUntil: null,
  createdAt: TIME,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  lastUsedFrom: null,
}
export const newKey: NewAccessKey = {
  ...accessKey,
  version: 2,
  secretKey: 'new-secret',
  apiKey: 'new-api-key',
}
const newToken = { jti: 'j1', apiKey: 'a-token', expiresAt: null }

export const whoami: z.infer<typeof Whoami> = {
  accessKeyId: KEY_ID,
  person: null,
  tenant: 'demo',
  role: 'member',
  permissions: ['containers:read'],
  actions: null,
  resources: null,
  serverTime: TIME,
}
const NO_SHARE: Share = { limit: null, reserved: 0, used: null, percent: null, overLimit: false }
const noShares = {
  containers: NO_SHARE,
  services: NO_SHARE,
  cpuMilli: NO_SHARE,
  memoryBytes: NO_SHARE,
  pids: NO_SHARE,
  storageBytes: NO_SHARE,
  volumes: NO_SHARE,
  snapshotBytes: NO_SHARE,
  networks: NO_SHARE,
  addresses: NO_SHARE,
  hostnames: NO_SHARE,
  imageBytes: NO_SHARE,
  logBytes: NO_SHARE,
} satisfies Record<Reserved, Share>
const usage: Usage = {
  ...noShares,
  containers: { limit: 10, reserved: 11, used: 3, percent: 110, overLimit: true },
  cpuMilli: { limit: 4000, reserved: 1500, used: 42, percent: 37.5, overLimit: false },
  memoryBytes: { ...NO_SHARE, reserved: 268_435_456 },
  enforced: true,
}
const usages: PlatformUsage = {
  items: [{ ...usage, tenant: 'demo' }],
  nextCursor: null,
  platform: usage,
  host: {
    cpus: 2,
    memoryBytes: 8 * 1024 ** 3,
    cpuMilliMost: 32_000,
    memoryBytesMost: null,
    disks: [{ path: '/data', sizeBytes: 1000, freeBytes: 40, usedPercent: 96, full: true }],
  },
}
const authority: PlatformAuthority = {
  certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  sha256: 'AB:CD',
  validUntil: TIME,
}

const platformLimits: PlatformLimits = { limits: allLimits({ containers: 100 }), overLimit: [] }
const image: Image = {
  reference: 'cloudlet/demo:latest',
  imageId: 'sha256:abc',
  shared: true,
  addedAt: TIME,
}
const registry: Registry = { host: '127.0.0.1:5000', username: 'ann', updatedAt: TIME }
const person: User = {
  id: 'p0000000000000aa',
  tenant: 'demo',
  email: 'ann@example.com',
  name: 'Ann',
  role: 'member',
  source: 'invitation',
  disabled: false,
  createdAt: TIME,
  lastSignInAt: null,
}
const session: Session = {
  id: 's0000000000000aa',
  kind: 'stream',
  actor: `key:${KEY_ID}`,
  action: 'containers.logs',
  tenant: 'demo',
  since: TIME,
  address: '127.0.0.1',
}
export const entry: AuditEntry = {
  chain: 't0000000000000aa',
  seq: 1,
  time: TIME,
  actor: `key:${KEY_ID}`,
  keyId: KEY_ID,
  tenant: 'demo',
  action: 'containers.create',
  target: 'hello',
  result: 'accepted',
  status: 202,
  requestId: 'r1',
  sourceAddress: '127.0.0.1',
}
export const cloudEvent: CloudEvent = {
  seq: 7,
  time: TIME,
  tenant: 'demo',
  level: 'warning',
  action: 'container.exited',
  target: { kind: 'container', id: container.id, name: container.name },
  message: 'Container "hello" ended by itself',
  details: { exitCode: 1 },
}
export const link: AuditLink = { ...entry, rootKey: 1, previousMac: '', mac: 'm'.repeat(43) }
export const verdict: AuditVerdict = {
  ok: true,
  chain: entry.chain,
  entries: 1,
  head: `1:${link.mac}`,
  firstBad: null,
}
const backup: Backup = {
  name: 'cloudlet-2026-01-02T03-04-05.000Z.db',
  createdAt: TIME,
  sizeBytes: 1_048_576,
  sha256: 'ab'.repeat(32),
  rows: { tenants: 1 },
}
const secret: Secret = {
  id: 's0000000000000aa',
  name: 'db-password',
  version: 2,
  versions: [{ version: 2, sizeBytes: 16, createdAt: TIME }],
  usedBy: ['hello'],
  createdAt: TIME,
  updatedAt: TIME,
}
const platform: Platform = {
  version: '0.1.0',
  instance: 'abcd',
  domain: 'cloud.local',
  internalDomain: 'internal',
  ingress: '0.0.0.0:8080',
  https: '0.0.0.0:8443',
  dns: '127.0.0.1:1053',
  resolver: '10.208.0.53',
  isolated: true,
  enforced: true,
  safeMode: null,
}
const orphan: Orphan = {
  kind: 'container',
  name: 'cl-demo-container-c1',
  id: 'c1',
  tenant: 'demo',
  createdAt: TIME,
  firstSeenAt: TIME,
}

const page = (item: unknown) => ({ value: { items: [item], nextCursor: null } })
const list = (item: unknown) => ({ value: { items: [item] } })
const changed = { value: { resource: container, operation } }

/** One good answer of every endpoint. */
export const SAMPLES: Readonly<
  Record<string, { readonly value?: unknown; readonly lines?: readonly unknown[] }>
> = {
  'containers.create': changed,
  'containers.list': page(container),
  'containers.get': { value: container },
  'containers.status': list({ asked: 'hello', container }),
  'containers.start': changed,
  'containers.stop': changed,
  'containers.restart': changed,
  'containers.rename': changed,
  'containers.update': changed,
  'containers.delete': changed,
  'containers.attach': changed,
  'containers.detach': changed,
  'containers.logs': { lines: [{ time: TIME, stream: 'stdout', line: 'one' }] },
  'containers.metrics': { value: metrics },
  'tunnels.create': { value: tunnelTicket },
  'operations.list': page(operation),
  'operations.get': { value: operation },
  'operations.cancel': { value: { ...operation, state: 'cancelled' } },
  'firewalls.create': { value: firewall },
  'firewalls.list': page(firewall),
  'firewalls.get': { value: firewallDetails },
  'firewalls.update': { value: firewallDetails },
  'firewalls.delete': { value: null },
  'certificates.put': { value: certificate },
  'certificates.list': { value: { items: [certificate] } },
  'certificates.get': { value: certificate },
  'certificates.delete': { value: certificate },
  ...PEERING_SAMPLES,
  ...ROUTE_SAMPLES,
  'networks.create': { value: network },
  'networks.list': page(network),
  'networks.get': { value: networkDetails },
  'networks.update': { value: networkDetails },
  'networks.delete': { value: null },
  'usage.get': { value: usage },
  'usage.list': { value: usages },
  'platform-limits.get': { value: platformLimits },
  'platform-limits.update': { value: platformLimits },
  'images.list': list(image),
  'registries.put': { value: registry },
  'registries.list': list(registry),
  'registries.delete': { value: registry },
  'secrets.put': { value: secret },
  'secrets.list': list(secret),
  'secrets.get': { value: secret },
  'secrets.rollback': { value: secret },
  'secrets.delete': { value: secret },
  'platform.rotate-secrets-key': { value: { key: 2, rewrapped: 3, resumed: false } },
  'keys.create': { value: newKey },
  'keys.list': page(accessKey),
  'keys.get': { value: accessKey },
  'keys.revoke': { value: accessKey },
  'keys.rotate': { value: newKey },
  'keys.token': { value: newToken },
  'users.create': { value: person },
  'users.list': page(person),
  'users.update': { value: person },
  'users.delete': { value: person },
  'auth.exchange': { value: { apiKey: 'a-session', expiresAt: TIME } },
  'auth.logout': { value: { ended: true } },
  'sessions.list': list(session),
  'sessions.end': { value: session },
  'events.tenant': page(cloudEvent),
  'tenant-audit.list': page(entry),
  'tenant-audit.verify': { value: verdict },
  'tenant-audit.verify-given': { value: verdict },
  'tenant-audit.export': { lines: [link] },
  'whoami.get': { value: whoami },
  'platform.get': { value: platform },
  'platform.authority': { value: authority },
  'platform.metrics': { lines: [family] },
  'usage.metrics': { lines: [family] },
  'platform.orphans': {
    value: {
      braked: true,
      safeMode: { reason: 'restored', since: TIME },
      dueCount: 1,
      waitingCount: 0,
      due: [orphan],
      waiting: [],
    },
  },
  'platform.gc': { value: { braked: false, removedCount: 1, removed: [orphan] } },
  'platform.leave-safe-mode': { value: { reason: 'restored', since: TIME } },
  'tenants.create': { value: tenant },
  'tenants.list': page(tenant),
  'tenants.get': { value: tenant },
  'tenants.update': { value: tenant },
  'tenants.suspend': { value: { resource: tenant, operation } },
  'tenants.resume': { value: { resource: tenant, operation } },
  'tenants.delete': { value: { resource: removal, operation } },
  'operations.all': page({ ...operation, tenant: 'demo' }),
  'images.share': { value: image },
  'platform-keys.create': { value: { ...newKey, tenant: null } },
  'platform-keys.list': page({ ...accessKey, tenant: null }),
  'platform-keys.get': { value: { ...accessKey, tenant: null } },
  'platform-keys.revoke': { value: { ...accessKey, tenant: null } },
  'platform-keys.rotate': { value: { ...newKey, tenant: null } },
  'platform-keys.token': { value: newToken },
  'platform-users.create': { value: { ...person, tenant: null } },
  'platform-users.list': page({ ...person, tenant: null }),
  'platform-users.update': { value: { ...person, tenant: null } },
  'platform-users.delete': { value: { ...person, tenant: null } },
  'platform-sessions.list': list(session),
  'platform-sessions.end': { value: session },
  'events.list': page(cloudEvent),
  'platform-audit.list': page(entry),
  'platform-audit.verify': { value: verdict },
  'platform-audit.verify-given': { value: verdict },
  'platform-audit.export': { lines: [link] },
  'backups.create': { value: backup },
  'backups.list': list(backup),
  'nodes.list': list(node),
  'nodes.get': { value: node },
  'nodes.cordon': scheduled(operation, 'cordoned'),
  'nodes.drain': scheduled(operation, 'drained'),
  'nodes.uncordon': scheduled(operation, 'open'),
  'operations.find': { value: operation },
  'platform.doctor': {
    value: {
      healthy: true,
      items: [
        { check: 'engine', result: 'ok', meaning: 'It answers', todo: null },
        { check: 'clock', result: 'warning', meaning: 'It was moved', todo: 'Keep it right' },
      ],
    },
  },
  'platform.health': {
    value: { status: 'ok', version: '0.1.0', engine: 'up', edge: 'up', database: 'up' },
  },
}
