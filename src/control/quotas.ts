import { cgroupMeter } from '../adapters/cgroup-meter.ts'
import { systemHost } from '../adapters/system-host.ts'
import type { Settings } from '../config.ts'
import type { Limits } from '../core/quota.ts'
import type { EngineContainer } from '../ports/engine.ts'
import { THIS_NODE } from '../instance.ts'
import type { AuditService } from '../services/audit.ts'
import { alarmService } from '../services/alarms.ts'
import { capacityService } from '../services/capacity.ts'
import type { EventService } from '../services/events.ts'
import { ledgerService } from '../services/ledger.ts'
import { liveUse } from '../services/live-use.ts'
import { nodeService } from '../services/nodes.ts'
import { platformLimitsService } from '../services/platform-limits.ts'
import { usageService } from '../services/usage.ts'
import type { Outside } from './outside.ts'

/** What a tenant may hold that is created without limits of its own. Kinds that are not named are not limited. */
export const defaultLimits = (settings: Settings): Limits => ({
  containers: settings.CLOUDLET_TENANT_CONTAINERS,
  cpuMilli: settings.CLOUDLET_TENANT_CPU_MILLI,
  memoryBytes: settings.CLOUDLET_TENANT_MEMORY_BYTES,
  pids: settings.CLOUDLET_TENANT_PIDS,
  networks: settings.CLOUDLET_TENANT_NETWORKS,
  addresses: settings.CLOUDLET_TENANT_ADDRESSES,
  logBytes: settings.CLOUDLET_TENANT_LOG_BYTES,
})

interface Around {
  readonly audit: AuditService
  readonly events: EventService
  /** Who knows of the engine: only there once all is put together. */
  readonly watcher: () => {
    readonly isUp: () => boolean
    readonly running: () => readonly EngineContainer[]
  }
}

/** What everybody is held to, and what is left of it. */
export function quotaServices(outside: Outside, { audit, events, watcher }: Around) {
  const running = () => watcher().running()
  const seen = { events, running, engineUp: () => watcher().isUp() }
  const { store, engine, instance, clock, timers, log } = outside
  const capacity = hostCapacity(outside)
  const { machine } = capacity
  const meter = cgroupMeter()
  const use = liveUse({ meter, running, clock, timers, log })
  const live = () => use.current()
  const look = { store, clock, timers, log, node: THIS_NODE, machine, meter }
  return {
    capacity,
    alarms: alarmService({ ...seen, ...look }),
    ledger: ledgerService({ machine, events }),
    platformLimits: platformLimitsService({ store, audit }),
    usage: usageService({ store, machine, live, enforced: instance.isolated }),
    nodes: nodeService({ store, node: THIS_NODE, engine, machine, live, running }),
  }
}

/** This machine, with the disks of the platform's data and of the engine. */
function hostCapacity({ engine, instance, settings, timers, log }: Outside) {
  let engineRoot: string | undefined
  /** Asked once: it does not change while the engine runs. While it is away only our own disk is looked at. */
  async function folders(signal: AbortSignal): Promise<string[]> {
    engineRoot ??= await engine.facts(signal).then(
      ({ rootDir }) => rootDir,
      () => undefined,
    )
    return [instance.dataDir, ...(engineRoot === undefined ? [] : [engineRoot])]
  }
  const policy = {
    overcommitCpu: settings.CLOUDLET_OVERCOMMIT_CPU,
    overcommitMemory: settings.CLOUDLET_OVERCOMMIT_MEMORY,
    diskHighWaterPercent: settings.CLOUDLET_DISK_HIGH_WATER_PERCENT,
  }
  return capacityService({ host: systemHost(folders), policy, timers, log })
}
