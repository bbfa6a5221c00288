/** So much comes back each second, and so much can be saved up. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface Bucket {
  readonly tokens: number
  readonly atMs: number
}

export interface Taking {
  /** What is left; to be given at the next time. */
  readonly bucket: Bucket
  readonly isTaken: boolean
  /** How many more could be taken at once. */
  readonly remaining: number
  /** Until everything is there again. */
  readonly resetSeconds: number
  /** Until there is one to take; 0 while there is. */
  readonly retryAfterSeconds: number
}

/** Takes one token, if there is one. A bucket that nobody has touched yet is full. */
export function take(bucket: Bucket | undefined, rate: Rate, nowMs: number): Taking {
  const { perSecond, burst } = rate
  const before = bucket ?? { tokens: burst, atMs: nowMs }
  // A clock that was set back gives nothing, and takes nothing away.
  const passedMs = Math.max(0, nowMs - before.atMs)
  const filled = Math.min(burst, before.tokens + (passedMs * perSecond) / 1000)
  const isTaken = filled >= 1
  const tokens = isTaken ? filled - 1 : filled
  return {
    bucket: { tokens, atMs: nowMs },
    isTaken,
    remaining: Math.floor(tokens),
    resetSeconds: Math.ceil((burst - tokens) / perSecond),
    retryAfterSeconds: tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond)),
  }
}

/** Buckets of many, by name; so many of them are known at most. */
export function bucketsOf(most: number) {
  const buckets = new Map<string, Bucket>()
  return {
    /**
     * A map remembers in which order things came, and who is seen again moves to its end: the longest that are not
     * seen are forgotten first, and begin with a full bucket.
     */
    take(id: string, rate: Rate, nowMs: number): Taking {
      const taking = take(buckets.get(id), rate, nowMs)
      buckets.delete(id)
      buckets.set(id, taking.bucket)
      if (buckets.size > most) {
        const [oldest = ''] = buckets.keys()
        buckets.delete(oldest)
      }
      return taking
    },
  }
}
