import { cut, visible, width } from './text.ts'

const COLORS = { green: 32, red: 31, yellow: 33, dim: 2 } as const
export type Color = keyof typeof COLORS
export type Cell = string | { readonly text: string; readonly color: Color }

export interface Shown {
  /** Of the terminal; `null` where the output is not one, and nothing is cut. */
  readonly columns: number | null
  readonly color: boolean
}

const GAP = '  '
/** No column is cut below this: a narrower one says nothing. */
const NARROWEST = 8

/** Aligned columns under a head. On a terminal the widest columns are cut until a row fits a line. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  shown: Shown,
): string {
  const texts = rows.map((row) => head.map((_title, index) => visible(textOf(row[index]))))
  const wanted = head.map((title, index) =>
    Math.max(width(title), ...texts.map((row) => width(row[index] ?? ''))),
  )
  const widths = shown.columns === null ? wanted : fitted(wanted, shown.columns)
  const line = (cells: readonly string[], paint: (text: string, index: number) => string): string =>
    cells
      .map((text, index) => {
        const kept = cut(text, widths[index] ?? 0)
        const isLast = index === cells.length - 1
        const padding = isLast ? '' : ' '.repeat((widths[index] ?? 0) - width(kept))
        return paint(kept, index) + padding
      })
      .join(GAP)
      .trimEnd()
  return [
    line(head, (text) => text),
    ...texts.map((row, at) =>
      line(row, (text, index) => painted(text, colorOf(rows[at]?.[index]), shown.color)),
    ),
    '',
  ].join('\n')
}

/** Names and values under each other. */
export function fields(pairs: readonly (readonly [string, string])[]): string {
  const longest = Math.max(0, ...pairs.map(([name]) => width(name)))
  const lines = pairs.map(([name, value]) =>
    `${name}${' '.repeat(longest - width(name))}${GAP}${visible(value)}`.trimEnd(),
  )
  return [...lines, ''].join('\n')
}

function painted(text: string, color: Color | null, enabled: boolean): string {
  return color === null || !enabled ? text : `\u001b[${COLORS[color]}m${text}\u001b[0m`
}

function fitted(wanted: readonly number[], columns: number): readonly number[] {
  const widths = [...wanted]
  const total = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1))
  while (total() > columns) {
    const widest = widths.indexOf(Math.max(...widths))
    const current = widths[widest] ?? 0
    if (current <= NARROWEST) break
    widths[widest] = Math.max(NARROWEST, current - (total() - columns), secondWidest(widths))
    if (widths[widest] === current) widths[widest] = current - 1
  }
  return widths
}

const secondWidest = (widths: readonly number[]): number => widths.toSorted((a, b) => b - a)[1] ?? 0

const textOf = (cell: Cell | undefined): string =>
  typeof cell === 'string' ? cell : (cell?.text ?? '')
const colorOf = (cell: Cell | undefined): Color | null =>
  cell === undefined || typeof cell === 'string' ? null : cell.color
