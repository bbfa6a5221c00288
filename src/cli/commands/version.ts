import { readFile } from 'node:fs/promises'
import type { Work } from '../command.ts'

export const version: Work = async (context) => {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
  const described: unknown = JSON.parse(text)
  const found = isVersioned(described) ? described.version : 'unknown'
  return context.show({ version: found }, () => `cloudlet ${found}\n`)
}

const isVersioned = (value: unknown): value is { readonly version: string } =>
  typeof value === 'object' &&
  value !== null &&
  'version' in value &&
  typeof value.version === 'string'
