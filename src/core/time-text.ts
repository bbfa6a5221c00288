/** A time as the API has it (RFC 3339 in UTC); null: there is none. */
export const timeText = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString()
