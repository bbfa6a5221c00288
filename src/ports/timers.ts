/** The only source of delay. Answers how to call it off. */
export interface Timers {
  readonly after: (ms: number, run: () => void) => () => void
}
