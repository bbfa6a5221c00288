import { createTunnel } from '../src/contract/tunnels.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { TunnelService } from '../src/services/tunnels.ts'

export function tunnelRoutes(app: App, tunnels: TunnelService): void {
  mount(app, createTunnel, ({ params, body }, { actor, caller }) =>
    tunnels.create(params, body, { actor, caller }),
  )
}
