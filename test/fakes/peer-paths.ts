import type { PeerPath, PeerPaths } from '../../src/ports/peer-paths.ts'

/** What the engine lets pass from network to network, in memory. */
export class FakePaths implements PeerPaths {
  paths: readonly PeerPath[] = []

  assert(paths: readonly PeerPath[]): Promise<void> {
    this.paths = paths
    return Promise.resolve()
  }

  remove(): Promise<void> {
    this.paths = []
    return Promise.resolve()
  }
}
