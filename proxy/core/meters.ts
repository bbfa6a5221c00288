/** What is counted of one app, or of one tenant's questions. All of it only grows. */
export interface Meter {
  readonly tenant: string
  /** '' where it is of no app. */
  readonly app: string
  readonly numbers: Float64Array
  /** Of the look at which it was seen to have moved last. */
  seq: number
  /** Since when nobody knows of it any more; null: it is there. */
  goneAtMs: number | null
}

/** What a meter shows, as it is told to others. */
export interface Series {
  readonly tenant: string
  readonly app: string
  readonly numbers: readonly number[]
}

interface MetersLimits {
  /** Numbers of each. */
  readonly size: number
  /** Meters; what comes beyond is counted together, under no name. */
  readonly most?: number
  /** How long one is kept that nobody knows of any more. */
  readonly goneMs?: number
}

const MOST = 10_000
const GONE_MS = 10 * 60_000

/** Numbers by tenant and app: a look-up for each that is counted, and no allocation but for the first. */
export class Meters {
  readonly #limits: Required<MetersLimits>
  readonly #all = new Map<string, Meter>()
  /** Of whatever has no name, or no meter of its own. */
  readonly none: Meter
  #seq = 1

  constructor(limits: MetersLimits) {
    this.#limits = { most: MOST, goneMs: GONE_MS, ...limits }
    this.none = this.#made('', '')
  }

  get size(): number {
    return this.#all.size
  }

  /** `key` is to be of this tenant and app alone. */
  of(key: string, tenant: string, app: string): Meter {
    const known = this.#all.get(key)
    if (known !== undefined) return known
    if (this.#all.size >= this.#limits.most) return this.none
    const made = this.#made(tenant, app)
    this.#all.set(key, made)
    return made
  }

  /** What has moved since that look, of those that there are; `isKnown`: whether a key is still somebody's. */
  look(since: number, isKnown: (key: string) => boolean, nowMs: number) {
    this.keep(isKnown, nowMs)
    return this.moved(since)
  }

  /**
   * Those that are not known any more, and do not move, go some time later: their last numbers have been asked
   * for by then.
   */
  keep(isKnown: (key: string) => boolean, nowMs: number): void {
    for (const [key, meter] of this.#all) {
      if (isKnown(key) || meter.seq === this.#seq) meter.goneAtMs = null
      else if (meter.goneAtMs === null) meter.goneAtMs = nowMs
      else if (nowMs - meter.goneAtMs > this.#limits.goneMs) this.#all.delete(key)
    }
  }

  /** What has moved since that look, 0 for all there is, and the number of this one. */
  moved(since: number): { readonly seq: number; readonly series: readonly Series[] } {
    const seq = this.#seq
    this.#seq += 1
    const series: Series[] = []
    for (const meter of [this.none, ...this.#all.values()]) {
      if (meter.seq <= since) continue
      const { tenant, app, numbers } = meter
      series.push({ tenant, app, numbers: [...numbers] })
    }
    return { seq, series }
  }

  count(meter: Meter, index: number, by = 1): void {
    meter.seq = this.#seq
    meter.numbers[index] = (meter.numbers[index] ?? 0) + by
  }

  #made(tenant: string, app: string): Meter {
    const numbers = new Float64Array(this.#limits.size)
    return { tenant, app, numbers, seq: 0, goneAtMs: null }
  }
}
