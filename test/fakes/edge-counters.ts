import type { Measures } from '../../proxy/link.ts'
import type { EdgeCounters } from '../../src/ports/edge-counters.ts'

/** Edge processes that say what they are told to say. */
export class FakeCounters implements EdgeCounters {
  readonly #listeners: ((measures: Measures) => void)[] = []
  /** What each says when it is asked. */
  readonly says: Measures[] = []
  asked = 0

  readonly measure = async (): Promise<void> => {
    this.asked += 1
    for (const measures of this.says) this.say(measures)
  }

  readonly onMeasures = (listener: (measures: Measures) => void): void =>
    void this.#listeners.push(listener)

  say(measures: Measures): void {
    for (const listener of this.#listeners) listener(measures)
  }
}
