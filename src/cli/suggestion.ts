/** The known word that was most likely meant, if any is near enough. */
export function suggestion(word: string, known: readonly string[]): string | null {
  const limit = word.length <= 3 ? 1 : 2
  const near = known
    .map((one) => ({
      one,
      distance: one.startsWith(word) && word !== '' ? 0.5 : distance(word, one),
    }))
    .filter((found) => found.distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
  return near[0]?.one ?? null
}

export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known)
  return meant === null ? '' : `; did you mean "${meant}"?`
}

/** Edits from one word to the other; two swapped letters count once, as they are typed in one slip. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_one, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) row.push(cell({ a, b, rows, row, i, j }))
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? Infinity
}

interface Position {
  readonly a: string
  readonly b: string
  readonly rows: readonly (readonly number[])[]
  readonly row: readonly number[]
  readonly i: number
  readonly j: number
}

function cell({ a, b, rows, row, i, j }: Position): number {
  const at = (x: number, y: number): number => (x === i ? row[y] : rows[x]?.[y]) ?? Infinity
  const change = a[i - 1] === b[j - 1] ? 0 : 1
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  return Math.min(
    at(i - 1, j) + 1,
    at(i, j - 1) + 1,
    at(i - 1, j - 1) + change,
    swapped ? at(i - 2, j - 2) + 1 : Infinity,
  )
}
