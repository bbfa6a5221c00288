import { collectOrphans, listOrphans } from '../src/contract/orphans.ts'
import { leaveSafeMode } from '../src/contract/safe-mode.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { OrphanService } from '../src/services/orphans.ts'
import type { SafeModeService } from '../src/services/safe-mode.ts'

interface Deps {
  readonly orphans: OrphanService
  readonly safeMode: SafeModeService
}

export function orphanRoutes(app: App, { orphans, safeMode }: Deps): void {
  mount(app, listOrphans, (_input, { signal }) => orphans.list(signal))
  mount(app, collectOrphans, ({ body }, { actor, signal }) =>
    orphans.collect(body.brake === 'release', actor, signal),
  )
  mount(app, leaveSafeMode, (_input, { actor }) => safeMode.leave(actor))
}
