import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createServer } from 'node:http'
import Docker from 'dockerode'
import { openStore } from '../db/open.ts'
import { auditRoutes } from '../routes/audit.ts'
import { containerRoutes } from '../routes/containers.ts'
import { imageRoutes } from '../routes/images.ts'
import { keyRoutes, platformKeyRoutes } from '../routes/keys.ts'
import { operationRoutes } from '../routes/operations.ts'
import { platformRoutes } from '../routes/platform.ts'
import { registryRoutes } from '../routes/registries.ts'
import { tenantRoutes } from '../routes/tenants.ts'
import { whoamiRoutes } from '../routes/whoami.ts'
import { dockerEngine, ENGINE_API_VERSION } from './adapters/docker-engine.ts'
import { edgeLink } from './adapters/edge-link.ts'
import { joseTokens } from './adapters/jose-tokens.ts'
import { KeyFileError, openKeyRing } from './adapters/key-ring.ts'
import { referenceScript } from './adapters/reference-script.ts'
import { randomId, systemClock as clock, systemTimers as timers } from './adapters/system.ts'
import { profileFileOf, readSettings, thisWorld } from './config.ts'
import { banner } from './control/banner.ts'
import { buildTeller, DEMO, makeDemo } from './control/demo.ts'
import { firstStart } from './control/first-start.ts'
import { ensurePlatformImages } from './control/platform-images.ts'
import { VERSION } from './control/version.ts'
import { failure } from './core/failure.ts'
import { apiApp } from './http/app.ts'
import { hostPort, placesIn, type Instance } from './instance.ts'
import { jsonLog, type LogLevel } from './log.ts'
import { containerReconciler } from './reconcile/containers.ts'
import { knownEngine } from './reconcile/engine-view.ts'
import { imageResolver } from './reconcile/images.ts'
import { reconcileLoop } from './reconcile/loop.ts'
import { engineObserver } from './reconcile/observer.ts'
import { publisher } from './reconcile/publisher.ts'
import { auditService } from './services/audit.ts'
import { containerService } from './services/containers.ts'
import { imageService } from './services/images.ts'
import { keyService } from './services/keys.ts'
import { logService } from './services/logs.ts'
import { networkService } from './services/networks.ts'
import { operationService, settling } from './services/operations.ts'
import { registryService } from './services/registries.ts'
import { tenantService } from './services/tenants.ts'
import { usageService } from './services/usage.ts'
import { whoamiService } from './services/whoami.ts'

/** The control plane: owns the database, drives the engine, serves the API. Here it is put together. */

interface Argument {
  readonly instance: Instance
  readonly level: LogLevel
}

/** As in `main.ts`: it cannot work here, and has said why. */
const UNWORKABLE = 78
const ENGINE_AT_ONCE = 8
const PASS_DEADLINE_MS = 15 * 60_000
const DEMO_READY_MS = 60_000
const SWEEP_MS = 60_000
const DRAIN_MS = 10_000

// Made by the supervisor alone.
const { instance, level } = JSON.parse(process.argv[2] ?? '{}') as Argument
const world = thisWorld()
const settings = readSettings(world)
const places = placesIn(instance.dataDir)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const log = jsonLog({
  part: 'control-plane',
  least: level,
  now: clock.now,
  write: (line) => process.stderr.write(line),
})

async function main(): Promise<void> {
  const stopping = new AbortController()
  const store = await openStore(
    `file:${places.database}`,
    `${import.meta.dirname}/../db/migrations`,
  )
  const databaseHasKeys = await store.read.keys.any()
  const keyRing = await openKeyRing({ path: places.keys, databaseHasKeys })
  const docker = new Docker({ socketPath: settings.CLOUDLET_ENGINE, version: ENGINE_API_VERSION })
  const engine = dockerEngine({ docker, instance: instance.id, now: clock.now })
  const edge = edgeLink({ folder: places.edge, workers: instance.workers, timers, log })
  const known = knownEngine()

  const { pool, resolver, isolated } = instance
  const { CLOUDLET_DOMAIN: domain, CLOUDLET_INTERNAL_DOMAIN: internalDomain } = settings
  const table = { instance: instance.id, domains: [domain, 'localhost'], internalDomain, pool }
  const publishing = publisher({ store, edge, clock, table })
  const audit = auditService({ store, clock })
  const registries = registryService({ store, clock, audit, keyRing })
  const reconciler = containerReconciler({
    store,
    engine,
    edge,
    known,
    publisher: publishing,
    images: imageResolver({ store, engine, clock, loginFor: registries.loginFor }),
    clock,
    log,
    instance: instance.id,
    resolver,
    internalDomain,
    operationEnded: (id) => operations.ended(id),
    passing: failpoint(settings.CLOUDLET_FAILPOINT),
  })
  const loop = reconcileLoop({
    reconcile: reconciler.reconcile,
    timers,
    log,
    concurrency: ENGINE_AT_ONCE,
    deadlineMs: PASS_DEADLINE_MS,
  })
  const { wake } = loop
  const observer = engineObserver({ store, engine, known, clock, timers, log, wake })
  edge.onHealth((reports) => {
    for (const { id } of reports) wake(id)
  })

  const common = { store, clock, newId: randomId, audit }
  const operations = operationService({ ...common, wake })
  const around = {
    internalDomain,
    isolated,
    urlOf: (name: string, tenant: string) => urlOf(name, tenant),
    healthOf: edge.health,
  }
  const containers = containerService({
    ...common,
    operations,
    around,
    wake,
    node: 'local',
    pool,
    routesChanged() {
      publishing
        .publish()
        .catch((error: unknown) => log('warn', 'Cannot publish the routes', { error }))
    },
    requireEngine() {
      if (observer.isUp()) return
      throw failure('engine-unavailable', 'Cannot change containers: the engine does not answer', {
        retryAfterSeconds: 2,
      })
    },
  })
  const keys = keyService({ ...common, newJti: randomId, keyRing, tokens: joseTokens })
  const defaults = {
    containers: settings.CLOUDLET_TENANT_CONTAINERS,
    cpuMilli: settings.CLOUDLET_TENANT_CPU_MILLI,
    memoryBytes: settings.CLOUDLET_TENANT_MEMORY_BYTES,
  }
  const tenants = tenantService({ ...common, defaults, ended: keys.endTenant, isolated })
  const platform = {
    version: VERSION,
    instance: instance.id,
    domain,
    internalDomain,
    ingress: instance.ingressAddress,
    dns: instance.dnsAddress,
    resolver: resolver ?? '',
    isolated,
    enforced: isolated,
  }

  await keys.load()
  const endpoint = `http://${instance.apiAddress}`
  const admin = await firstStart({
    endpoint,
    adminFile: places.adminFile,
    profileFile: profileFileOf(world),
    instanceName: instance.id,
    tenant: settings.CLOUDLET_DEMO ? DEMO.tenant : null,
    hasKeys: () => Promise.resolve(databaseHasKeys),
    createAdmin: keys.createAdmin,
  })

  const app = apiApp({
    authenticate: keys.authenticate,
    audit,
    clock,
    log,
    newRequestId: randomUUID,
    stopping: stopping.signal,
    hosts: settings.CLOUDLET_API_HOSTS.split(',').filter((name) => name !== ''),
    version: VERSION,
    reference: referenceScript(),
    routes: [
      (api) =>
        containerRoutes(api, {
          containers,
          logs: logService({ store, engine }),
          settle: settling(operations),
        }),
      (api) => operationRoutes(api, operations),
      (api) => imageRoutes(api, imageService({ store, clock, audit, engine })),
      (api) => registryRoutes(api, registries),
      (api) => keyRoutes(api, keys),
      (api) => platformKeyRoutes(api, keys),
      (api) => tenantRoutes(api, tenants),
      (api) => auditRoutes(api, audit),
      (api) => whoamiRoutes(api, whoamiService({ clock })),
      (api) =>
        platformRoutes(api, {
          platform,
          engineUp: observer.isUp,
          edgeUp: edge.isUp,
          networks: networkService({ store }),
          usage: usageService({ store, enforced: isolated }),
        }),
    ],
  })
  const server = createServer(getRequestListener(app.fetch))
  await listening(server)
  observer.start()
  await publishing.publish()

  const stop = (): void => {
    if (stopping.signal.aborted) return
    stopping.abort()
    void (async () => {
      server.close()
      server.closeIdleConnections()
      await Promise.race([once(server, 'close'), once(AbortSignal.timeout(DRAIN_MS), 'abort')])
      server.closeAllConnections()
      await observer.stop()
      await loop.stop()
      edge.close()
      await store.close()
      process.exit(0)
    })()
  }
  process.on('SIGTERM', stop)
  // No control plane outlives its supervisor: two would drive one engine.
  process.stdin.on('end', stop).on('error', stop).resume()
  setInterval(() => {
    keys.sweep().catch((error: unknown) => log('warn', 'Cannot sweep the keys', { error }))
  }, SWEEP_MS).unref()

  await demo()
  say(
    banner({
      instance,
      endpoint,
      admin,
      demoUrl: settings.CLOUDLET_DEMO ? urlOf(DEMO.name, DEMO.tenant) : null,
      env: world.env,
    }),
  )

  /** Builds what is missing, and waits for the demo's app, so that the URL that is shown answers. */
  async function demo(): Promise<void> {
    const deadline = AbortSignal.any([stopping.signal, AbortSignal.timeout(PASS_DEADLINE_MS)])
    await observer.ready(deadline)
    await ensurePlatformImages({ docker, store, clock, told: buildTeller(say) }, deadline)
    if (!settings.CLOUDLET_DEMO) return
    if (admin) await makeDemo({ tenants, containers })
    const healthyBy = clock.now().getTime() + DEMO_READY_MS
    while (clock.now().getTime() < healthyBy && !stopping.signal.aborted) {
      // It is waited for
      const state = await containers.get(DEMO.tenant, DEMO.name).catch(() => undefined)
      if (state === undefined || state.desired !== 'running' || state.health === 'healthy') return
      await new Promise<void>((resolve) => void timers.after(25, resolve))
    }
  }
}

function urlOf(name: string, tenant: string): string {
  const { port } = hostPort(instance.ingressAddress)
  return `http://${name}.${tenant}.localhost${port === 80 ? '' : `:${port}`}/`
}

function listening(server: Server): Promise<void> {
  const { host, port } = hostPort(instance.apiAddress)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve())
  })
}

/**
 * Ends this process, as a power cut would, at the point that the file names. Once: the file goes first,
 * or the next life would end at the same point.
 */
function failpoint(file: string): (point: string) => void {
  if (file === '') return () => undefined
  return (point) => {
    if (!existsSync(file) || readFileSync(file, 'utf8') !== point) return
    rmSync(file)
    process.kill(process.pid, 'SIGKILL')
  }
}

main().catch((error: unknown) => {
  if (error instanceof KeyFileError) {
    process.stderr.write(`cloudlet: ${error.message}\n`)
    process.exit(UNWORKABLE)
  }
  log('error', 'The control plane cannot run', { error })
  process.exit(1)
})
