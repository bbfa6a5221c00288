/** Why the platform looks before it acts, and since when. */
export interface SafeModeState {
  readonly reason: string
  /** null: it was not written down. */
  readonly since: string | null
}

/** Reads what a restore has written; whatever it is that stands there, safe mode is on. */
export function safeModeOf(text: string): SafeModeState {
  const said = parsed(text)
  const { reason, at } = { reason: undefined, at: undefined, ...said }
  const isTime = typeof at === 'string' && !Number.isNaN(Date.parse(at))
  return {
    reason: typeof reason === 'string' ? reason : 'unknown',
    since: isTime ? new Date(at).toISOString() : null,
  }
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Safe mode that cannot be read is on all the same.
    return {}
  }
}
