/** What one check found: what it means, and what to do about it. */
export interface Finding {
  readonly check: string
  readonly result: 'ok' | 'warning' | 'problem'
  readonly meaning: string
  /** null: nothing. */
  readonly todo: string | null
}

export const ok = (check: string, meaning: string): Finding => ({
  check,
  result: 'ok',
  meaning,
  todo: null,
})
export const warning = (check: string, meaning: string, todo: string): Finding => ({
  check,
  result: 'warning',
  meaning,
  todo,
})
export const problem = (check: string, meaning: string, todo: string): Finding => ({
  check,
  result: 'problem',
  meaning,
  todo,
})
