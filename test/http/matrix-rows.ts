/**
 * Who may ask what, written by hand: an endpoint without a row here fails the matrix. `who`: roles that
 * are let through; `of`: `tenant` where a key of the tenant goes, `platform` where only the platform's
 * own do. `limited`: what a key meets that is limited to resources: `named` where the path must name one
 * of its own, `filtered` where it is answered only those, `closed`.
 */
export interface Row {
  readonly who: string
  readonly of: 'anyone' | 'platform' | 'tenant'
  readonly limited: 'closed' | 'filtered' | 'named' | 'open'
}

const row = (who: string, of: Row['of'], limited: Row['limited'] = 'closed'): Row => ({
  who,
  of,
  limited,
})

const ALL = 'admin operator member read'
const WORK = 'admin operator member'
const RUN = 'admin operator'
const LOOK = 'admin operator read'
const OWN = 'admin'

export const ROWS: Readonly<Record<string, Row>> = {
  'containers.create': row(WORK, 'tenant', 'filtered'),
  'containers.list': row(ALL, 'tenant', 'filtered'),
  'containers.get': row(ALL, 'tenant', 'named'),
  'containers.status': row(ALL, 'tenant', 'filtered'),
  'containers.start': row(WORK, 'tenant', 'named'),
  'containers.stop': row(WORK, 'tenant', 'named'),
  'containers.restart': row(WORK, 'tenant', 'named'),
  'containers.rename': row(WORK, 'tenant', 'named'),
  'containers.update': row(WORK, 'tenant', 'named'),
  'containers.attach': row(WORK, 'tenant', 'named'),
  'containers.detach': row(WORK, 'tenant', 'named'),
  'containers.delete': row(WORK, 'tenant', 'named'),
  'containers.logs': row(ALL, 'tenant', 'named'),
  'containers.metrics': row(ALL, 'tenant', 'named'),
  'tunnels.create': row(WORK, 'tenant', 'named'),
  'operations.list': row(ALL, 'tenant', 'filtered'),
  'operations.get': row(ALL, 'tenant', 'filtered'),
  'operations.cancel': row(WORK, 'tenant', 'filtered'),
  'networks.create': row(RUN, 'tenant'),
  'networks.list': row(ALL, 'tenant'),
  'networks.get': row(ALL, 'tenant'),
  'networks.update': row(RUN, 'tenant'),
  'networks.delete': row(RUN, 'tenant'),
  'firewalls.create': row(RUN, 'tenant'),
  'firewalls.list': row(ALL, 'tenant'),
  'firewalls.get': row(ALL, 'tenant'),
  'firewalls.update': row(RUN, 'tenant'),
  'firewalls.delete': row(RUN, 'tenant'),
  'peerings.create': row(RUN, 'tenant'),
  'peerings.list': row(ALL, 'tenant'),
  'peerings.get': row(ALL, 'tenant'),
  'peerings.accept': row(RUN, 'tenant'),
  'peerings.delete': row(RUN, 'tenant'),
  'usage.get': row(ALL, 'tenant'),
  'images.list': row(ALL, 'tenant'),
  'registries.put': row(RUN, 'tenant'),
  'registries.list': row(LOOK, 'tenant'),
  'registries.delete': row(RUN, 'tenant'),
  'secrets.put': row(RUN, 'tenant'),
  'secrets.list': row(ALL, 'tenant'),
  'secrets.get': row(ALL, 'tenant'),
  'secrets.rollback': row(RUN, 'tenant'),
  'secrets.delete': row(RUN, 'tenant'),
  'keys.create': row(OWN, 'tenant'),
  'keys.list': row(LOOK, 'tenant'),
  'keys.get': row(LOOK, 'tenant'),
  'keys.revoke': row(OWN, 'tenant'),
  'keys.rotate': row(OWN, 'tenant'),
  'keys.token': row(OWN, 'tenant'),
  'sessions.list': row(LOOK, 'tenant'),
  'sessions.end': row(OWN, 'tenant'),
  'events.tenant': row(ALL, 'tenant'),
  'tenant-audit.list': row(LOOK, 'tenant'),
  'tenant-audit.verify': row(LOOK, 'tenant'),
  'tenant-audit.verify-given': row(LOOK, 'tenant'),
  'tenant-audit.export': row(LOOK, 'tenant'),
  'users.create': row(OWN, 'tenant'),
  'users.list': row(LOOK, 'tenant'),
  'users.update': row(OWN, 'tenant'),
  'users.delete': row(OWN, 'tenant'),
  'auth.logout': row(ALL, 'anyone', 'open'),
  'whoami.get': row(ALL, 'anyone', 'open'),
  'platform.get': row(ALL, 'anyone', 'open'),
  'usage.list': row(ALL, 'platform'),
  'platform-limits.get': row(LOOK, 'platform'),
  'platform-limits.update': row(OWN, 'platform'),
  'tenants.create': row(OWN, 'platform'),
  'tenants.list': row(LOOK, 'platform'),
  'tenants.get': row(LOOK, 'tenant'),
  'tenants.update': row(OWN, 'platform'),
  'tenants.suspend': row(OWN, 'platform'),
  'tenants.resume': row(OWN, 'platform'),
  'tenants.delete': row(OWN, 'platform'),
  'operations.all': row(ALL, 'platform'),
  'images.share': row(RUN, 'platform'),
  'platform-keys.create': row(OWN, 'platform'),
  'platform-keys.list': row(LOOK, 'platform'),
  'platform-keys.get': row(LOOK, 'platform'),
  'platform-keys.revoke': row(OWN, 'platform'),
  'platform-keys.rotate': row(OWN, 'platform'),
  'platform-keys.token': row(OWN, 'platform'),
  'backups.create': row(OWN, 'platform'),
  'backups.list': row(LOOK, 'platform'),
  'nodes.list': row(LOOK, 'platform'),
  'nodes.get': row(LOOK, 'platform'),
  'nodes.cordon': row(OWN, 'platform'),
  'nodes.drain': row(OWN, 'platform'),
  'nodes.uncordon': row(OWN, 'platform'),
  'operations.find': row(ALL, 'platform'),
  'platform.doctor': row(LOOK, 'platform'),
  'platform.orphans': row(LOOK, 'platform'),
  'platform.gc': row(OWN, 'platform'),
  'platform.leave-safe-mode': row(OWN, 'platform'),
  'platform-users.create': row(OWN, 'platform'),
  'platform-users.list': row(LOOK, 'platform'),
  'platform-users.update': row(OWN, 'platform'),
  'platform-users.delete': row(OWN, 'platform'),
  'platform-sessions.list': row(LOOK, 'platform'),
  'platform-sessions.end': row(OWN, 'platform'),
  'events.list': row(ALL, 'platform'),
  'platform.rotate-secrets-key': row(OWN, 'platform'),
  'platform-audit.list': row(LOOK, 'platform'),
  'platform-audit.verify': row(LOOK, 'platform'),
  'platform-audit.verify-given': row(LOOK, 'platform'),
  'platform-audit.export': row(LOOK, 'platform'),
}

/** Answered to everybody, whoever they are. */
export const PUBLIC: readonly string[] = ['platform.health', 'auth.exchange']
