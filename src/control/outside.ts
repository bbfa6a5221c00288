import Docker from 'dockerode'
import { hostCables } from '../adapters/cables.ts'
import { namespaceRoutes } from '../adapters/default-routes.ts'
import { acmeProcess } from '../adapters/acme-process.ts'
import { certificateProcess } from '../adapters/certificate-process.ts'
import { dockerEngine } from '../adapters/docker-engine.ts'
import { edgeLink } from '../adapters/edge-link.ts'
import { hostGroups, type CgroupDriver } from '../adapters/host-groups.ts'
import { trafficControl } from '../adapters/traffic-control.ts'
import { iptablesPaths } from '../adapters/iptables-paths.ts'
import { nftables } from '../adapters/nftables.ts'
import { openKeyRing } from '../adapters/key-ring.ts'
import { secretFiles, secretsRoot } from '../adapters/secret-files.ts'
import { openVault } from '../adapters/vault.ts'
import { systemClock, systemTimers } from '../adapters/system.ts'
import { domainProofs } from '../adapters/domain-proofs.ts'
import { outsideNames } from '../adapters/outside-names.ts'
import { systemNames } from '../adapters/system-names.ts'
import type { Settings } from '../config.ts'
import { placesIn, type Instance } from '../instance.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import { funnelPrefix } from '../core/bandwidth.ts'
import { tableName } from '../core/firewall.ts'
import type { Edge } from '../ports/edge.ts'
import type { EdgeCounters } from '../ports/edge-counters.ts'
import type { Engine } from '../ports/engine.ts'
import type { ChallengeEdge } from '../ports/challenge-edge.ts'
import type { PublicAuthority } from '../ports/public-authority.ts'
import type { TlsEdge } from '../ports/tls-edge.ts'
import type { TunnelEdge } from '../ports/tunnel-edge.ts'
import type { Timers } from '../ports/timers.ts'
import { thisRuntime } from '../supervisor/runtime.ts'
import { openDatabase } from './database.ts'
import { storageWatch } from './storage.ts'

const FACTS_MS = 30_000

/** Everything that is not ours to decide, behind its port: database, keys, engine, edge, time. */
export async function openOutside(instance: Instance, settings: Settings, log: Log) {
  const [clock, timers]: [Clock, Timers] = [systemClock, systemTimers]
  const places = placesIn(instance.dataDir)
  const storage = storageWatch({ clock, timers, log })
  const store = await openDatabase({ clock, instance, settings }, storage)
  const isFirstStart = !(await store.read.keys.any())
  const keyRing = await openKeyRing({ path: places.keys, databaseHasKeys: !isFirstStart })
  const databaseHasSecrets = await store.read.secrets.any()
  const vault = await openVault({ path: places.keys, databaseHasSecrets })
  const docker = new Docker({ socketPath: settings.CLOUDLET_ENGINE })
  const engine = dockerEngine({ docker, instance: instance.id, now: clock.now })
  const groups = instance.isolated ? hostGroups(driverOf(engine)) : null
  if (instance.isolated && !groups) log('warn', 'Cannot limit the sum of a tenant: no cgroups here')
  const edge: Edge & EdgeCounters & TunnelEdge & TlsEdge & ChallengeEdge & { close(): void } =
    edgeLink({
      folder: places.edge,
      workers: instance.workers,
      timers,
      log,
    })
  return {
    instance,
    settings,
    log,
    clock,
    timers,
    store,
    storage,
    isFirstStart,
    keyRing,
    vault,
    secretFiles: process.getuid?.() === 0 ? secretFiles(secretsRoot(instance.id)) : null,
    docker,
    engine,
    groups,
    firewall: instance.isolated ? nftables() : null,
    peerPaths: instance.isolated ? iptablesPaths(tableName(instance.id)) : null,
    shaper: instance.isolated ? trafficControl(funnelPrefix(instance.id)) : null,
    cables: instance.isolated ? hostCables : null,
    routes: instance.isolated ? namespaceRoutes : null,
    edge,
    authority: certificateProcess(thisRuntime().command('src/certify.ts')),
    publicAuthority: publicAuthorityOf(settings),
    names: systemNames,
    outsideNames,
    domainProofs: domainProofs({ isPrivateAllowed: settings.CLOUDLET_DOMAIN_PROOF_PRIVATE }),
    registries: namesIn(settings.CLOUDLET_REGISTRIES),
  }
}
/** null: certificates come from the platform's own authority alone. */
function publicAuthorityOf(settings: Settings): PublicAuthority | null {
  const { CLOUDLET_ACME_DIRECTORY: directory, CLOUDLET_ACME_EMAIL: email } = settings
  if (directory === undefined) return null
  const acme = { directory, email, caFile: settings.CLOUDLET_ACME_CA_FILE }
  return acmeProcess(thisRuntime().command('src/certify.ts'), acme)
}

const namesIn = (text: string): string[] => text.split(/[, ]+/).filter((name) => name !== '')

/** Asked until the engine has said it once: this is a setting of its daemon. */
export function driverOf(engine: Pick<Engine, 'facts'>): () => Promise<CgroupDriver> {
  let known: CgroupDriver | undefined
  return async () => {
    known ??= (await engine.facts(AbortSignal.timeout(FACTS_MS))).cgroupDriver
    return known
  }
}

export type Outside = Awaited<ReturnType<typeof openOutside>>
