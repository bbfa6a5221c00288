/**
 * A line in which owners come by turns, and what one owner has put in goes in its order: however much of
 * it there is, the others wait for one at a time of it.
 */
export interface Rotation<T> {
  put(owner: string, item: T): void
  /** Takes out whatever is due; undefined when nothing is left. */
  next(): T | undefined
  size(): number
  sizeOf(owner: string): number
}

export function rotation<T>(): Rotation<T> {
  /** The first is whose turn it is. None is empty. */
  const lines = new Map<string, Set<{ readonly item: T }>>()
  let size = 0

  return {
    put(owner, item) {
      const line = lines.get(owner) ?? new Set()
      lines.set(owner, line.add({ item }))
      size++
    },
    next() {
      for (const [owner, line] of lines) {
        lines.delete(owner)
        for (const one of line) {
          line.delete(one)
          size--
          // Behind all who wait by now.
          if (line.size > 0) lines.set(owner, line)
          return one.item
        }
      }
      return undefined
    },
    size: () => size,
    sizeOf: (owner) => lines.get(owner)?.size ?? 0,
  }
}
