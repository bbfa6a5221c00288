/** The only source of delay. Answers how to call it off. */
export interface Timers {
  after(ms: number, run: () => void): () => void
}
