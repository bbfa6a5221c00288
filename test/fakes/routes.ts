import type { DefaultRoutes } from '../../src/ports/default-routes.ts'

/** By which gateway containers go, by the file of their namespace. */
export class FakeRoutes implements DefaultRoutes {
  readonly gateways = new Map<string, string>()

  set(netns: string, gateway: string): Promise<void> {
    this.gateways.set(netns, gateway)
    return Promise.resolve()
  }
}
