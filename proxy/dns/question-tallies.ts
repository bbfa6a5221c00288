import { Meters, type Meter } from '../core/meters.ts'
import { QUESTION, QUESTION_NUMBERS, rcodePlace } from '../../src/core/request-meter.ts'
import { RCODE } from '../core/dns-wire.ts'

interface Coded {
  readonly rcode: number
}

/** What is counted of questions, by the tenant of whoever asks; the host's own are under no name. */
export class QuestionTallies {
  readonly #meters = new Meters({ size: QUESTION_NUMBERS })

  asked(tenant: string | null): Meter {
    const meter = tenant === null ? this.#meters.none : this.#meters.of(tenant, tenant, '')
    this.#meters.count(meter, QUESTION.questions)
    return meter
  }

  answered(meter: Meter, rcode: number): void {
    this.#meters.count(meter, rcodePlace(rcode))
  }

  /** A question of somebody else's names, and what was known of it without asking; null: nothing. */
  passedOn(meter: Meter, known: Coded | null): void {
    this.#meters.count(meter, QUESTION.forwarded)
    this.#meters.count(meter, known === null ? QUESTION.cacheMisses : QUESTION.cacheHits)
    if (known !== null) this.answered(meter, known.rcode)
  }

  /** What came of asking; null: nobody answered. */
  heard(meter: Meter, answer: Coded | null): void {
    if (answer === null) this.#meters.count(meter, QUESTION.unanswered)
    this.answered(meter, answer?.rcode ?? RCODE.SERVFAIL)
  }

  /** What has moved since that look. `isKnown`: whether there is still a tenant of that slug. */
  moved(since: number, isKnown: (tenant: string) => boolean, nowMs: number) {
    return this.#meters.look(since, isKnown, nowMs)
  }
}
