import type { Summary } from './statistics.ts'

/** What `npm run bench` knows as a peer: the program or the thing that we are held against. */
export type Peer =
  | 'nginx'
  | 'haproxy'
  | 'caddy'
  | 'coredns'
  | 'dnsmasq'
  | 'bind'
  | 'engine'
  | 'host'
  | 'docker'
  | 'socat'

/** One measured thing. The unit is the report's. */
export interface Row {
  readonly label: string
  readonly summary: Summary
}

export interface Report {
  readonly bench: string
  /** For people, above the table: what was measured, and in which unit. */
  readonly title: string
  /** The headline case, and whatever else the reader should see. */
  readonly rows: readonly Row[]
  readonly cloudlet: Summary
  readonly peers: Readonly<Partial<Record<Peer, Summary>>>
  /** Everything that is not the headline. */
  readonly cases: Readonly<Record<string, Summary | number>>
}

/** A table for people; its last line is one JSON object for programs. */
export function textOf(report: Report): string {
  return `${report.title}\n\n${tableOf(report.rows)}\n\n${lastLine(report)}\n`
}

/** `ratios` are ours ÷ the peer's, medians of the headline case. */
export function lastLine({ bench, cloudlet, peers, cases }: Report): string {
  const ratios = eachOf(peers, (peer) => twoDigits(cloudlet.median / peer.median))
  return JSON.stringify({
    bench,
    cloudlet: rounded(cloudlet),
    peers: eachOf(peers, rounded),
    ratios,
    cases: eachOf(cases, (one) => (typeof one === 'number' ? twoDigits(one) : rounded(one))),
  })
}

const COLUMNS = ['min', 'median', 'p90', 'max'] as const

function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ label, summary }) => [
    label,
    String(summary.count),
    ...COLUMNS.map((column) => summary[column].toFixed(1)),
  ])
  const all = [['', 'n', ...COLUMNS], ...cells]
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? []
  return all.map((row) => lineOf(row, widths)).join('\n')
}

/** Labels to the left, numbers to the right. */
function lineOf(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, i) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
  )
  return padded.join('  ').trimEnd()
}

const rounded = (summary: Summary): object => eachOf({ ...summary }, twoDigits)

const twoDigits = (value: number): number => Math.round(value * 100) / 100

function eachOf<T, R>(
  values: Readonly<Record<string, T | undefined>>,
  change: (value: T) => R,
): Record<string, R> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, change(value)] as const],
    ),
  )
}
