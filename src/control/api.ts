import { randomUUID, X509Certificate } from 'node:crypto'
import { auditRoutes } from '../../routes/audit.ts'
import { backupRoutes } from '../../routes/backups.ts'
import { containerRoutes } from '../../routes/containers.ts'
import { eventRoutes } from '../../routes/events.ts'
import { imageRoutes } from '../../routes/images.ts'
import { keyRoutes, platformKeyRoutes } from '../../routes/keys.ts'
import { metricsRoutes } from '../../routes/metrics.ts'
import { nodeRoutes } from '../../routes/nodes.ts'
import { operationRoutes } from '../../routes/operations.ts'
import { orphanRoutes } from '../../routes/orphans.ts'
import { certificateRoutes } from '../../routes/certificates.ts'
import { firewallRoutes } from '../../routes/firewalls.ts'
import { networkRoutes } from '../../routes/networks.ts'
import { peeringRoutes } from '../../routes/peerings.ts'
import { domainRoutes } from '../../routes/domains.ts'
import { routeRoutes } from '../../routes/routes.ts'
import { platformRoutes } from '../../routes/platform.ts'
import { registryRoutes } from '../../routes/registries.ts'
import { secretRoutes } from '../../routes/secrets.ts'
import { sessionRoutes } from '../../routes/sessions.ts'
import { signInRoutes } from '../../routes/sign-in.ts'
import { userRoutes } from '../../routes/users.ts'
import { tenantRoutes } from '../../routes/tenants.ts'
import { tunnelRoutes } from '../../routes/tunnels.ts'
import { whoamiRoutes } from '../../routes/whoami.ts'
import { referenceScript } from '../adapters/reference-script.ts'
import type { Platform, PlatformAuthority } from '../contract/platform.ts'
import { apiApp } from '../http/app.ts'
import { httpServer } from '../http/server.ts'
import type { App } from '../http/shell.ts'
import { sameOrigin } from '../http/websocket.ts'
import { hostPort } from '../instance.ts'
import { settling } from '../services/operations.ts'
import { edgeMarks } from './front-door.ts'
import type { Outside } from './outside.ts'
import type { Services } from './services.ts'
import { redirectUrlOf } from './session-services.ts'
import { VERSION } from './version.ts'

/** The API over all services, as an application that any server can ask. */
export function apiOver(outside: Outside, services: Services, stopping: AbortSignal): App {
  const { clock, log, settings } = outside
  return apiApp({
    authenticate: services.keys.authenticate,
    streams: services.streams,
    secureCookies: redirectUrlOf(outside).protocol === 'https:',
    find: (tenant, _kind, nameOrId) => services.containers.named(tenant, nameOrId),
    audit: services.audit,
    once: services.once,
    clock,
    log,
    newRequestId: randomUUID,
    stopping,
    hosts: [settings.CLOUDLET_API_HOST ?? '', ...settings.CLOUDLET_API_HOSTS.split(',')].filter(
      (name) => name !== '',
    ),
    edgeMarks: edgeMarks(outside),
    corsOrigins: settings.CLOUDLET_CORS_ORIGINS,
    rates: {
      address: settings.CLOUDLET_RATE_ADDRESS,
      loopback: settings.CLOUDLET_RATE_LOOPBACK,
      key: settings.CLOUDLET_RATE_KEY,
      tenant: settings.CLOUDLET_RATE_TENANT,
    },
    rateOf: services.rateOf,
    version: VERSION,
    reference: referenceScript(),
    routes: [(api) => bindRoutes(api, outside, services)],
  })
}

/** It behind a socket, listening once `listen` has resolved. */
export function apiServer(outside: Outside, services: Services, stopping: AbortSignal) {
  const app = apiOver(outside, services, stopping)
  const isKnownOrigin = (origin: string, host: string): boolean =>
    sameOrigin(origin, host) || outside.settings.CLOUDLET_CORS_ORIGINS.includes(origin)
  const server = httpServer({ fetch: app.fetch, isKnownOrigin })
  return {
    listen: () => server.listen(hostPort(outside.instance.apiAddress)),
    close: () => server.close(),
  }
}

function bindRoutes(api: App, outside: Outside, services: Services): void {
  const { containers, logs, operations, keys, usage } = services
  const settle = settling(operations)
  containerRoutes(api, {
    containers,
    logs,
    metrics: services.metrics,
    settle,
  })
  tunnelRoutes(api, services.tunnels)
  operationRoutes(api, operations)
  nodeRoutes(api, {
    nodes: services.nodes,
    scheduling: services.scheduling,
    settle: settling(operations),
  })
  orphanRoutes(api, services)
  imageRoutes(api, services.images)
  registryRoutes(api, services.registries)
  keyRoutes(api, keys)
  platformKeyRoutes(api, keys)
  sessionRoutes(api, services.sessions)
  userRoutes(api, services.users)
  signInRoutes(api, services.signIn, redirectUrlOf(outside))
  tenantRoutes(api, { tenants: services.tenants, settle })
  eventRoutes(api, services.events)
  metricsRoutes(api, services.edgeMetrics)
  backupRoutes(api, services.backups)
  auditRoutes(api, services)
  certificateRoutes(api, services.certificates)
  firewallRoutes(api, services.firewalls)
  peeringRoutes(api, services.peerings)
  routeRoutes(api, services.routes)
  domainRoutes(api, services.domains)
  networkRoutes(api, services.networks)
  secretRoutes(api, services)
  whoamiRoutes(api, services.whoami)
  platformRoutes(api, {
    platform: platformOf(outside),
    safeMode: services.safeMode,
    engineUp: services.reconciler.isUp,
    edgeUp: outside.edge.isUp,
    databaseUp: () => outside.store.trouble() === undefined,
    usage,
    limits: services.platformLimits,
    doctor: services.doctor,
    authority: async () => authorityOf(await services.reconciler.certificates.authority()),
  })
}

function authorityOf(certificate: string): PlatformAuthority {
  const { fingerprint256, validToDate } = new X509Certificate(certificate)
  return { certificate, sha256: fingerprint256, validUntil: validToDate.toISOString() }
}

function platformOf({ instance, settings, groups }: Outside): Omit<Platform, 'safeMode'> {
  return {
    version: VERSION,
    instance: instance.id,
    domain: settings.CLOUDLET_DOMAIN,
    internalDomain: settings.CLOUDLET_INTERNAL_DOMAIN,
    ingress: instance.ingressAddress,
    https: instance.httpsAddress,
    dns: instance.dnsAddress,
    resolver: instance.resolver ?? '',
    isolated: instance.isolated,
    enforced: instance.isolated && groups !== null,
  }
}
