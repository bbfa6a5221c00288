import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/**
 * Times are milliseconds since 1970 in UTC. Every id is 16 random characters and never used again.
 * Columns that hold JSON end in `Json`. What lives on a host names its node.
 */

export const tenants = sqliteTable(
  'tenants',
  {
    id: text('id').primaryKey(),
    slug: text('slug').notNull(),
    policy: text('policy', { enum: ['baseline', 'restricted'] }).notNull(),
    /** What its containers may ask for beyond the policy, by the operator's leave. */
    exceptionsJson: text('exceptions_json').notNull().default('[]'),
    /** Of containers that ask for none; `sandboxed` leaves them no other. */
    runtime: text('runtime', { enum: ['default', 'sandboxed'] })
      .notNull()
      .default('default'),
    createdAt: integer('created_at').notNull(),
    /** Since then nothing of it runs; what is desired of its containers stays as it was. */
    suspendedAt: integer('suspended_at'),
    suspendReason: text('suspend_reason'),
    /** Since then it is being deleted, which nothing takes back. */
    deletingAt: integer('deleting_at'),
    /** A deleted tenant stays as a tombstone: its slug rests 30 days. */
    deletedAt: integer('deleted_at'),
  },
  (t) => [
    uniqueIndex('tenants_live_slug')
      .on(t.slug)
      .where(sql`deleted_at IS NULL`),
    check('tenants_slug_in_lower_case', sql`slug = lower(slug)`),
  ],
)

/**
 * What a tenant may hold, by kind; a kind without a row is not limited. The names are those of
 * `core/quota.ts`, and not a closed set here, so that a new kind needs no new table.
 */
export const limits = sqliteTable(
  'limits',
  {
    /** null: what all tenants together may hold. */
    tenantId: text('tenant_id').references(() => tenants.id),
    resource: text('resource').notNull(),
    /** null: without limit. */
    amount: integer('amount'),
  },
  (t) => [
    uniqueIndex('limits_of_tenant').on(t.tenantId, t.resource),
    uniqueIndex('limits_of_platform')
      .on(t.resource)
      .where(sql`tenant_id IS NULL`),
  ],
)

export const accessKeys = sqliteTable(
  'access_keys',
  {
    id: text('id').primaryKey(),
    /** null: a key of the platform. */
    tenantId: text('tenant_id').references(() => tenants.id),
    description: text('description').notNull(),
    role: text('role', { enum: ['admin', 'operator', 'member', 'read'] }).notNull(),
    /** Which root key the secret is derived from, and how often it was rotated. */
    rootKey: integer('root_key').notNull(),
    version: integer('version').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
    /** null: all that the role allows; all of the tenant. */
    actionsJson: text('actions_json'),
    resourcesJson: text('resources_json'),
    /** The version before is accepted until then; null: no longer. */
    previousRootKey: integer('previous_root_key'),
    previousUntil: integer('previous_until'),
    /** To the minute, and written some time later. */
    lastUsedAt: integer('last_used_at'),
    lastUsedFrom: text('last_used_from'),
  },
  (t) => [index('access_keys_by_tenant').on(t.tenantId)],
)

/** Tokens on record: those may live longer than the minutes of one that a client mints by itself. */
export const apiKeys = sqliteTable(
  'api_keys',
  {
    jti: text('jti').primaryKey(),
    keyId: text('key_id')
      .notNull()
      .references(() => accessKeys.id),
    version: integer('version').notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
  },
  (t) => [index('api_keys_by_key').on(t.keyId)],
)

/** Containers, services and functions of a tenant share one name space. */
export const names = sqliteTable(
  'names',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    kind: text('kind', { enum: ['container'] }).notNull(),
    resourceId: text('resource_id').notNull(),
  },
  (t) => [
    uniqueIndex('names_by_tenant').on(t.tenantId, t.name),
    index('names_by_resource').on(t.resourceId),
  ],
)

export const networks = sqliteTable(
  'networks',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    nodeId: text('node_id').notNull(),
    name: text('name').notNull(),
    /** CIDR. It rests after the network is gone, until `releasedAt` is long enough ago. */
    subnet: text('subnet').notNull(),
    desired: text('desired', { enum: ['present', 'absent'] }).notNull(),
    state: text('state', { enum: ['pending', 'ready', 'deleting', 'gone'] }).notNull(),
    generation: integer('generation').notNull(),
    createdAt: integer('created_at').notNull(),
    releasedAt: integer('released_at'),
    zone: text('zone').notNull().default('local'),
    labelsJson: text('labels_json').notNull().default('{}'),
    /** Whether its containers reach the ingress. */
    ingress: integer('ingress', { mode: 'boolean' }).notNull().default(false),
    /** `"open"`, `"none"` or a list of rules. */
    egressJson: text('egress_json').notNull().default('"open"'),
    /** Whether mail may be sent straight to other servers. */
    smtp: integer('smtp', { mode: 'boolean' }).notNull().default(false),
    /** `none`: its containers reach each other only as firewalls say. */
    within: text('within', { enum: ['open', 'none'] })
      .notNull()
      .default('open'),
  },
  (t) => [
    // One that is on its way out gives its name free at once.
    uniqueIndex('networks_live_name')
      .on(t.tenantId, t.name)
      .where(sql`released_at IS NULL AND desired = 'present'`),
    uniqueIndex('networks_live_subnet')
      .on(t.nodeId, t.subnet)
      .where(sql`released_at IS NULL`),
  ],
)

export const addresses = sqliteTable(
  'addresses',
  {
    id: text('id').primaryKey(),
    networkId: text('network_id')
      .notNull()
      .references(() => networks.id),
    address: text('address').notNull(),
    mac: text('mac').notNull(),
    containerId: text('container_id').notNull(),
    /** An address rests 60 s inside its network. */
    releasedAt: integer('released_at'),
    /** Names under which its container is known in this network alone. */
    aliasesJson: text('aliases_json').notNull().default('[]'),
    /** Since then it is to be given back, once the engine has been seen without it. */
    leavingAt: integer('leaving_at'),
  },
  (t) => [
    uniqueIndex('addresses_live')
      .on(t.networkId, t.address)
      .where(sql`released_at IS NULL`),
    index('addresses_by_container').on(t.containerId),
  ],
)

export const containers = sqliteTable(
  'containers',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    nodeId: text('node_id').notNull(),
    name: text('name').notNull(),
    networkId: text('network_id')
      .notNull()
      .references(() => networks.id),
    specJson: text('spec_json').notNull(),
    policy: text('policy', { enum: ['baseline', 'restricted'] }).notNull(),
    runtime: text('runtime', { enum: ['default', 'sandboxed'] })
      .notNull()
      .default('default'),
    /** What is reserved of the quota, until the engine has been seen without the container. */
    cpuMilli: integer('cpu_milli').notNull(),
    cpuShares: integer('cpu_shares').notNull(),
    memoryBytes: integer('memory_bytes').notNull(),
    pids: integer('pids').notNull(),
    /** What the engine may still have while it is given other limits: the larger of the two is reserved. */
    heldCpuMilli: integer('held_cpu_milli'),
    heldCpuShares: integer('held_cpu_shares'),
    heldMemoryBytes: integer('held_memory_bytes'),
    heldPids: integer('held_pids'),

    desired: text('desired', { enum: ['running', 'stopped', 'absent'] }).notNull(),
    /** Grows with every intent; an operation names the one it stands for. */
    generation: integer('generation').notNull(),
    /** Grows when what the engine has been given must be made anew. */
    specGeneration: integer('spec_generation').notNull(),
    /** Grows with every start that is asked for, so that a restart is an intent like any other. */
    run: integer('run').notNull(),

    state: text('state', {
      enum: [
        'pending',
        'pulling',
        'creating',
        'starting',
        'running',
        'restarting',
        'stopping',
        'stopped',
        'exited',
        'failed',
        'deleting',
      ],
    }).notNull(),
    /** The run that was started last: behind `run`, the container is to be started anew. */
    startedRun: integer('started_run').notNull(),
    /** When that run was asked of the engine; tells a run that never began from one that ended. */
    startingAt: integer('starting_at'),
    /** Facts of the image, once it is there: its id, exposed ports, volumes, user. */
    imageJson: text('image_json'),
    /** What it holds of the tenant's quota, also while it is looked for anew; null: it was never found. */
    imageId: text('image_id'),
    /** Unpacked; 0 of one that is shared with all. */
    imageBytes: integer('image_bytes'),
    appPort: integer('app_port'),
    endpointsJson: text('endpoints_json').notNull(),
    exitCode: integer('exit_code'),
    reasonCode: text('reason_code'),
    reasonMessage: text('reason_message'),
    restarts: integer('restarts').notNull(),
    /** Not before this time is it started again. */
    retryAt: integer('retry_at'),
    createdAt: integer('created_at').notNull(),
    startedAt: integer('started_at'),
    finishedAt: integer('finished_at'),
    /** Which version of each secret of its spec the run that was begun last has; null: none yet. */
    secretsJson: text('secrets_json'),
    /** When a newer version came than that run has; null: it has the newest. */
    secretsOutdatedAt: integer('secrets_outdated_at'),
    /** Since when it is to be in other networks than the engine may have it in; null: it is as wanted. */
    joiningSince: integer('joining_since'),
    /** Set once, when the engine has been seen without it: the row is history then, and holds nothing. */
    removedAt: integer('removed_at'),
  },
  (t) => [
    index('containers_live')
      .on(t.tenantId, t.name)
      .where(sql`removed_at IS NULL`),
    index('containers_by_network').on(t.networkId),
  ],
)

export const operations = sqliteTable(
  'operations',
  {
    id: text('id').primaryKey(),
    /** null: of the platform. */
    tenantId: text('tenant_id').references(() => tenants.id),
    kind: text('kind').notNull(),
    targetKind: text('target_kind').notNull(),
    targetId: text('target_id').notNull(),
    targetName: text('target_name').notNull(),
    /** The target's generation that this operation asked for; a later one supersedes it. */
    generation: integer('generation').notNull(),
    state: text('state', {
      enum: ['pending', 'running', 'succeeded', 'failed', 'cancelled'],
    }).notNull(),
    step: text('step'),
    progress: integer('progress').notNull(),
    errorJson: text('error_json'),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [
    index('operations_by_tenant').on(t.tenantId, t.createdAt),
    index('operations_by_time').on(t.createdAt, t.id),
    index('operations_open')
      .on(t.targetId)
      .where(sql`state IN ('pending', 'running')`),
  ],
)

export const registries = sqliteTable(
  'registries',
  {
    tenantId: text('tenant_id')
      .notNull()
      .references(() => tenants.id),
    host: text('host').notNull(),
    username: text('username').notNull(),
    /** AES-256-GCM under a key derived from the root key: number of the root key, nonce, text and tag. */
    sealedPassword: text('sealed_password').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (t) => [uniqueIndex('registries_by_host').on(t.tenantId, t.host)],
)

/**
 * Requests with an Idempotency-Key that were carried out: a repeat gets the answer, and has no second
 * effect. The row is written in the transaction of the intent, so the two cannot come apart.
 */
export const idempotency = sqliteTable(
  'idempotency',
  {
    /** Id of the key's tenant, or `platform`. */
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    /** The access key that asked. */
    askedBy: text('asked_by').notNull(),
    /** Digest of method, path, query and body. */
    fingerprint: text('fingerprint').notNull(),
    target: text('target').notNull(),
    /** Encrypted, since an answer can show a secret this once. null: it could not be kept. */
    sealedAnswer: text('sealed_answer'),
    createdAt: integer('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('idempotency_by_scope').on(t.scope, t.key),
    index('idempotency_by_age').on(t.createdAt),
  ],
)

/** What happened, in the order of the commits: `seq` is never used again. */
export const events = sqliteTable(
  'events',
  {
    seq: integer('seq').primaryKey({ autoIncrement: true }),
    time: integer('time').notNull(),
    /** null: of the platform. */
    tenantId: text('tenant_id'),
    /** Slug as it was: the tenant may be gone when the event is read. */
    tenant: text('tenant'),
    level: text('level', { enum: ['info', 'warning', 'error'] }).notNull(),
    action: text('action').notNull(),
    targetKind: text('target_kind').notNull(),
    targetId: text('target_id').notNull(),
    targetName: text('target_name').notNull(),
    message: text('message').notNull(),
    detailsJson: text('details_json').notNull(),
  },
  (t) => [index('events_by_tenant').on(t.tenantId, t.seq), index('events_by_time').on(t.time)],
)
