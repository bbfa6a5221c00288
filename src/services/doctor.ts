import type { Machine } from '../core/capacity.ts'
import { diagnosis, isSick, type BackupState, type PlatformState } from '../core/doctor.ts'
import type { Diagnosis } from '../contract/doctor.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine } from '../ports/engine.ts'
import type { HostExam } from '../ports/host-exam.ts'
import type { BackupService } from './backups.ts'

export interface DoctorDeps {
  readonly engine: Pick<Engine, 'facts'>
  readonly exam: HostExam
  readonly machine: () => Machine | undefined
  readonly platform: () => Promise<Omit<PlatformState, 'backup'>>
  readonly backups: Pick<BackupService, 'list'>
  /** null: a server holds the state. */
  readonly backupEveryHours: number | null
  readonly clock: Clock
}

/** Asked within a request, so nothing that hangs may hold it up for long. */
const LOOK_MS = 5_000
const HOUR_MS = 60 * 60_000

/** Looks at everything that an operator would, and says what to do about it. */
export function doctorService(deps: DoctorDeps) {
  const { engine, exam, machine, platform, backups, backupEveryHours, clock } = deps

  async function backup(): Promise<BackupState> {
    if (backupEveryHours === null) return { kind: 'server' }
    const [newest] = (await backups.list()).items
    const ageMs = newest && clock.now().getTime() - Date.parse(newest.createdAt)
    const ageHours = ageMs === undefined ? null : ageMs / HOUR_MS
    return { kind: 'file', ageHours, everyHours: backupEveryHours }
  }

  return {
    async look(asking: AbortSignal): Promise<Diagnosis> {
      const signal = AbortSignal.any([asking, AbortSignal.timeout(LOOK_MS)])
      const known = machine()
      const disks = known?.facts.disks ?? null
      const [facts, host, kept] = await Promise.all([
        // An engine that does not answer is a finding like any other.
        engine.facts(signal).catch(() => null),
        exam.look(disks?.map(({ path }) => path) ?? [], signal),
        backup(),
      ])
      const items = diagnosis({
        engine: facts,
        host,
        disks,
        diskHighWaterPercent: known?.policy.diskHighWaterPercent ?? null,
        platform: { ...(await platform()), backup: kept },
      })
      return { healthy: !isSick(items), items: [...items] }
    },
  }
}
export type DoctorService = ReturnType<typeof doctorService>
