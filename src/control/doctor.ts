import { systemExam } from '../adapters/system-exam.ts'
import type { Machine } from '../core/capacity.ts'
import { placesIn } from '../instance.ts'
import { portStates } from '../prepare/port-states.ts'
import type { BackupService } from '../services/backups.ts'
import { doctorService } from '../services/doctor.ts'
import type { SafeModeService } from '../services/safe-mode.ts'
import type { Outside } from './outside.ts'

interface Around {
  readonly backups: BackupService
  readonly machine: () => Machine | undefined
  readonly safeMode: Pick<SafeModeService, 'state'>
}

/** What looks at this machine, and at what the platform knows of itself. */
export function doctorOf(outside: Outside, { backups, machine, safeMode }: Around) {
  const { clock, edge, engine, groups, instance, settings, store } = outside
  return doctorService({
    engine,
    exam: systemExam({
      keysFile: placesIn(instance.dataDir).keys,
      ports: () => portStates(instance),
      responder: {
        address: instance.dnsAddress,
        name: `doctor.${settings.CLOUDLET_INTERNAL_DOMAIN}`,
      },
    }),
    machine,
    platform: async () => ({
      isolated: instance.isolated,
      enforced: instance.isolated && groups !== null,
      edgeUp: edge.isUp(),
      edgeConfined: instance.edgeUid !== null,
      databaseTrouble: store.trouble() ?? null,
      safeMode: await safeMode.state(),
    }),
    backups,
    backupEveryHours:
      settings.CLOUDLET_DB_URL === undefined ? settings.CLOUDLET_DB_BACKUP_HOURS : null,
    clock,
  })
}
