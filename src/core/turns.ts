/** Runs so many jobs at once, of each owner so many, and the others in the order they came. */
export interface Turns {
  /** The answer takes back a job that has not begun. */
  enter(owner: string, job: () => Promise<void>): () => void
}

interface Waiting {
  readonly owner: string
  readonly job: () => Promise<void>
}

/** Jobs must not fail; what they wait for must have an end. */
export function turns(most: number, mostOfOwner: number): Turns {
  const waiting = new Set<Waiting>()
  const running = new Map<string, number>()
  let atWork = 0

  const isFree = (owner: string): boolean =>
    atWork < most && (running.get(owner) ?? 0) < mostOfOwner

  async function run({ owner, job }: Waiting): Promise<void> {
    atWork++
    running.set(owner, (running.get(owner) ?? 0) + 1)
    try {
      await job()
    } finally {
      atWork--
      const left = (running.get(owner) ?? 0) - 1
      if (left > 0) running.set(owner, left)
      else running.delete(owner)
      next()
    }
  }

  function next(): void {
    for (const one of waiting) {
      if (atWork >= most) return
      if (!isFree(one.owner)) continue
      waiting.delete(one)
      void run(one)
    }
  }

  return {
    enter(owner, job) {
      const one = { owner, job }
      if (isFree(owner)) {
        void run(one)
        return () => undefined
      }
      waiting.add(one)
      return () => waiting.delete(one)
    },
  }
}
