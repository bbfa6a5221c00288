import * as audit from './audit.ts'
import { createBackup, listBackups } from './backups.ts'
import { attachNetwork, detachNetwork } from './container-attach.ts'
import { updateContainer } from './container-change.ts'
import * as containers from './containers.ts'
import { platformDoctor } from './doctor.ts'
import * as certificates from './certificates.ts'
import * as firewalls from './firewalls.ts'
import type { Endpoint } from './endpoint.ts'
import { listEvents, listTenantEvents } from './events.ts'
import * as images from './images.ts'
import { platformKeys, tenantKeys, whoami } from './keys.ts'
import { exchangeCode, logout } from './sign-in.ts'
import { platformUsers, tenantUsers } from './users.ts'
import { platformSessions, tenantSessions } from './sessions.ts'
import { platformMetrics, tenantMetrics } from './edge-metrics.ts'
import { containerMetrics } from './metrics.ts'
import { cordonNode, drainNode, getNode, listNodes, uncordonNode } from './nodes.ts'
import { collectOrphans, listOrphans } from './orphans.ts'
import { leaveSafeMode } from './safe-mode.ts'
import * as operations from './operations.ts'
import * as domains from './domains.ts'
import * as networks from './networks.ts'
import * as peerings from './peerings.ts'
import { getPlatform, platformAuthority, platformHealth } from './platform.ts'
import * as routes from './routes.ts'
import * as secrets from './secrets.ts'
import { deleteTenant, resumeTenant, suspendTenant } from './tenant-life.ts'
import { createTenant, getTenant, listTenants, updateTenant } from './tenants.ts'
import { createTunnel } from './tunnels.ts'
import { getPlatformLimits, getUsage, listUsage, updatePlatformLimits } from './usage.ts'

/** Every endpoint there is, in the order in which the documentation shows them. */
export const ENDPOINTS: readonly Endpoint[] = [
  containers.createContainer,
  containers.listContainers,
  containers.getContainer,
  containers.statusOfContainers,
  containers.startContainer,
  containers.stopContainer,
  containers.restartContainer,
  containers.renameContainer,
  updateContainer,
  attachNetwork,
  detachNetwork,
  containers.deleteContainer,
  containers.containerLogs,
  containerMetrics,
  createTunnel,
  operations.listOperations,
  operations.getOperation,
  operations.cancelOperation,
  networks.createNetwork,
  networks.listNetworks,
  networks.getNetwork,
  networks.updateNetwork,
  networks.deleteNetwork,
  firewalls.createFirewall,
  firewalls.listFirewalls,
  firewalls.getFirewall,
  firewalls.updateFirewall,
  firewalls.deleteFirewall,
  certificates.putCertificate,
  certificates.listCertificates,
  certificates.getCertificate,
  certificates.deleteCertificate,
  peerings.createPeering,
  peerings.listPeerings,
  peerings.getPeering,
  peerings.acceptPeering,
  peerings.deletePeering,
  routes.createRoute,
  routes.listRoutes,
  routes.getRoute,
  routes.updateRoute,
  routes.deleteRoute,
  domains.claimDomain,
  domains.listDomains,
  domains.getDomain,
  domains.verifyDomain,
  domains.deleteDomain,
  getUsage,
  tenantMetrics,
  images.listImages,
  images.putRegistry,
  images.listRegistries,
  images.deleteRegistry,
  secrets.putSecret,
  secrets.listSecrets,
  secrets.getSecret,
  secrets.rollBackSecret,
  secrets.deleteSecret,
  tenantKeys.create,
  tenantKeys.list,
  tenantKeys.get,
  tenantKeys.revoke,
  tenantKeys.rotate,
  tenantKeys.createToken,
  tenantSessions.list,
  tenantSessions.end,
  tenantUsers.create,
  tenantUsers.list,
  tenantUsers.update,
  tenantUsers.delete,
  listTenantEvents,
  audit.listTenantAudit,
  audit.verifyTenantAudit,
  audit.verifyGivenTenantAudit,
  audit.exportTenantAudit,
  whoami,
  exchangeCode,
  logout,
  getPlatform,
  platformAuthority,
  platformMetrics,
  createTenant,
  listTenants,
  getTenant,
  updateTenant,
  suspendTenant,
  resumeTenant,
  deleteTenant,
  listUsage,
  getPlatformLimits,
  updatePlatformLimits,
  images.shareImage,
  platformKeys.create,
  platformKeys.list,
  platformKeys.get,
  platformKeys.revoke,
  platformKeys.rotate,
  platformKeys.createToken,
  platformSessions.list,
  platformSessions.end,
  platformUsers.create,
  platformUsers.list,
  platformUsers.update,
  platformUsers.delete,
  listEvents,
  secrets.rotateSecretsKey,
  audit.listAudit,
  audit.verifyAudit,
  audit.verifyGivenAudit,
  audit.exportAudit,
  createBackup,
  listBackups,
  platformDoctor,
  listOrphans,
  collectOrphans,
  leaveSafeMode,
  listNodes,
  getNode,
  cordonNode,
  drainNode,
  uncordonNode,
  operations.listAllOperations,
  operations.findOperation,
  platformHealth,
]
