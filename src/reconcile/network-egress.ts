import type { NetworkRow } from '../../db/queries/networks.ts'
import { namesIn, type Egress } from '../core/egress.ts'

/** Written by the network service alone, from what the contract has parsed. */
export function egressOf({ egressJson }: Pick<NetworkRow, 'egressJson'>): Egress {
  const asked: Egress = JSON.parse(egressJson)
  return asked
}

export const namesOf = (row: NetworkRow): string[] => namesIn(egressOf(row))

export const namesAmong = (rows: readonly NetworkRow[]): ReadonlySet<string> =>
  new Set(rows.flatMap(namesOf))
