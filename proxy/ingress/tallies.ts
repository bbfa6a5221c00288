import { Meters, type Meter } from '../core/meters.ts'
import { durationBucket, REQUEST, REQUEST_NUMBERS } from '../../src/core/request-meter.ts'
import type { App } from '../core/routing.ts'
import type { Counters, IngressContext } from './context.ts'

/** What is counted of requests, by app. */
export class Tallies {
  readonly #meters = new Meters({ size: REQUEST_NUMBERS })

  /** Of requests for hosts that nobody has. */
  get none(): Meter {
    return this.#meters.none
  }

  of({ key, tenant }: App): Meter {
    return this.#meters.of(key, tenant, key)
  }

  /** What has moved since that look. `isKnown`: whether there is still an app of that key. */
  moved(since: number, isKnown: (key: string) => boolean, nowMs: number) {
    return this.#meters.look(since, isKnown, nowMs)
  }

  count(meter: Meter, index: number, by = 1): void {
    this.#meters.count(meter, index, by)
  }
}

/** What is counted of one request. */
export class Tally {
  readonly #counters: Counters
  readonly #tallies: Tallies
  readonly #now: () => number
  readonly #beganAtMs: number
  #meter: Meter

  constructor({ counters, tallies, now }: IngressContext, beganAtMs: number) {
    this.#counters = counters
    this.#tallies = tallies
    this.#now = now
    this.#beganAtMs = beganAtMs
    this.#meter = tallies.none
  }

  /** Of this app from now on. */
  of(app: App): void {
    this.#meter = this.#tallies.of(app)
  }

  count(what: 'connectFailures' | 'held' | 'queued' | 'retries'): void {
    if (what === 'retries') this.#counters.retries += 1
    this.#tallies.count(this.#meter, REQUEST[what])
  }

  /** It has its whole answer. The bytes are those of contents, without heads and framing. */
  answered(status: number, requestBytes: number, answerBytes: number): void {
    const [tallies, meter] = [this.#tallies, this.#meter]
    // A clock that was set back makes no request shorter than nothing.
    const ms = Math.max(0, this.#now() - this.#beganAtMs)
    tallies.count(meter, REQUEST.answers + Math.min(5, Math.max(1, Math.floor(status / 100))) - 1)
    tallies.count(meter, REQUEST.durationMs, ms)
    tallies.count(meter, durationBucket(ms))
    this.#carried(requestBytes, answerBytes)
  }

  /** It is over before it had that. */
  aborted(requestBytes: number, answerBytes: number): void {
    this.#counters.aborted += 1
    this.#tallies.count(this.#meter, REQUEST.aborted)
    this.#carried(requestBytes, answerBytes)
  }

  #carried(requestBytes: number, answerBytes: number): void {
    this.#tallies.count(this.#meter, REQUEST.requestBytes, requestBytes)
    this.#tallies.count(this.#meter, REQUEST.answerBytes, answerBytes)
  }
}
