import { randomBytes } from 'node:crypto'
import { ID_BYTES, idFrom } from '../core/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Timers } from '../ports/timers.ts'

export const systemClock: Clock = { now: () => new Date() }

export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** 256 bits, as text that fits into an address. */
export const randomSecret = (): string => randomBytes(32).toString('base64url')

export const randomId = (): string => idFrom(randomBytes(ID_BYTES))
