import type { Cable, Cables } from '../../src/ports/cables.ts'

/** Cables that a test lays, by process. */
export class FakeCables implements Cables {
  readonly all = new Map<number, ReadonlyMap<string, Cable>>()

  of(pid: number): Promise<ReadonlyMap<string, Cable>> {
    return Promise.resolve(this.all.get(pid) ?? new Map())
  }
}
