import { whoami } from '../src/contract/keys.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { WhoamiService } from '../src/services/whoami.ts'

export function whoamiRoutes(app: App, service: WhoamiService): void {
  mount(app, whoami, async (_input, { caller }) => service.show(caller))
}
