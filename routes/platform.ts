import { platformDoctor } from '../src/contract/doctor.ts'
import {
  getPlatform,
  platformAuthority,
  platformHealth,
  type Platform,
  type PlatformAuthority,
} from '../src/contract/platform.ts'
import {
  getPlatformLimits,
  getUsage,
  listUsage,
  updatePlatformLimits,
} from '../src/contract/usage.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { DoctorService } from '../src/services/doctor.ts'
import type { PlatformLimitsService } from '../src/services/platform-limits.ts'
import type { SafeModeService } from '../src/services/safe-mode.ts'
import type { UsageService } from '../src/services/usage.ts'

interface Deps {
  readonly platform: Omit<Platform, 'safeMode'>
  readonly safeMode: Pick<SafeModeService, 'state'>
  readonly engineUp: () => boolean
  readonly edgeUp: () => boolean
  readonly databaseUp: () => boolean
  readonly usage: UsageService
  readonly limits: PlatformLimitsService
  readonly doctor: DoctorService
  readonly authority: () => Promise<PlatformAuthority>
}

export function platformRoutes(app: App, deps: Deps): void {
  mount(app, platformHealth, () => {
    const engine = deps.engineUp() ? 'up' : 'down'
    const edge = deps.edgeUp() ? 'up' : 'down'
    const database = deps.databaseUp() ? 'up' : 'read-only'
    const { version } = deps.platform
    const isWell = deps.engineUp() && deps.edgeUp() && deps.databaseUp()
    const status = isWell ? 'ok' : 'degraded'
    return Promise.resolve({ status, version, engine, edge, database } as const)
  })
  mount(app, getPlatform, async () => ({
    ...deps.platform,
    safeMode: await deps.safeMode.state(),
  }))
  mount(app, platformAuthority, () => deps.authority())
  mount(app, getUsage, ({ params }) => deps.usage.ofTenant(params.tenant))
  mount(app, listUsage, ({ query }) => deps.usage.list(query))
  mount(app, getPlatformLimits, () => deps.limits.get())
  mount(app, platformDoctor, (_input, { signal }) => deps.doctor.look(signal))
  mount(app, updatePlatformLimits, ({ body }, { actor }) => deps.limits.update(body, actor))
}
