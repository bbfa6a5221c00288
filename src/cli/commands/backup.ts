import { createBackup, listBackups, type Backup } from '../../contract/backups.ts'
import type { Work } from '../command.ts'
import { sizeText } from '../units.ts'

const HEAD = ['NAME', 'CREATED', 'SIZE', 'SHA-256']
/** A large database takes longer than any other answer. */
const TIMEOUT_MS = 15 * 60_000

export const make: Work = async (context) => {
  const api = await context.api()
  const made = await api.call(createBackup, {}, { timeoutMs: TIMEOUT_MS })
  return context.show(made, () => `${made.name}\n`)
}

export const list: Work = async (context) => {
  const found = await (await context.api()).call(listBackups, {})
  return context.show(found, () => context.table(HEAD, found.items.map(rowOf)))
}

const rowOf = ({ name, createdAt, sizeBytes, sha256 }: Backup): string[] => [
  name,
  createdAt,
  sizeText(sizeBytes),
  sha256.slice(0, 12),
]
