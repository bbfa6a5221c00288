/** Runs what is asked for under one name one after the other; other names do not wait for it. */
export function oneAtATime() {
  const last = new Map<string, Promise<unknown>>()
  return async function run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(name)
    // What became of the one before is for who asked for it.
    const mine = (before ?? Promise.resolve()).then(work, work)
    last.set(name, mine)
    try {
      return await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}
