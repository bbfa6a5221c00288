/** Runs so many jobs at once and the others in the order they came. */
export interface Lanes {
  /** The answer takes back a job that has not begun. */
  enter(job: () => Promise<void>): () => void
}

/** Jobs must not fail; what they wait for must have an end. */
export function lanes(count: number): Lanes {
  const waiting = new Set<() => Promise<void>>()
  let running = 0

  async function run(job: () => Promise<void>): Promise<void> {
    running++
    try {
      await job()
    } finally {
      running--
      const [next] = waiting
      if (next !== undefined) {
        waiting.delete(next)
        void run(next)
      }
    }
  }

  return {
    enter(job) {
      if (running < count) {
        void run(job)
        return () => undefined
      }
      waiting.add(job)
      return () => waiting.delete(job)
    },
  }
}
