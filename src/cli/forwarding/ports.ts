import { usageError } from '../exit.ts'

export interface PortPair {
  /** 0: any free one. */
  readonly local: number
  readonly remote: number
}

const PAIR = /^(?:(?<local>\d{0,5}):)?(?<remote>\d{1,5})$/

/** Reads `15432:5432`, `5432` for the same port on both sides, `:5432` for any free one here. */
export function portPair(text: string): PortPair {
  const groups = PAIR.exec(text)?.groups
  const remote = Number(groups?.['remote'])
  const local = Number(groups?.['local'] ?? remote)
  const isPort = remote >= 1 && remote <= 65_535 && local <= 65_535
  if (isPort) return { local, remote }
  throw usageError(
    `Cannot understand "${text}": it is no pair of ports`,
    'Say 15432:5432 (here:there), 5432 for the same on both sides, or :5432 for any free one here',
  )
}
