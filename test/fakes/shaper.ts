import type { Shaper, Shaping } from '../../src/ports/shaper.ts'

/** The traffic control of a host, in memory. */
export class FakeShaper implements Shaper {
  shaping: Shaping = { shapes: [], free: [] }

  assert(wanted: Shaping): Promise<void> {
    this.shaping = wanted
    return Promise.resolve()
  }

  remove(): Promise<void> {
    this.shaping = { shapes: [], free: [] }
    return Promise.resolve()
  }
}
