export const DAY_MS = 24 * 3600_000

/** Days since 1970, in UTC. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS)
