/** The engine's JSON is read field by field: a shape that is not as promised becomes an empty value. */
export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
export const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0

/** Go's zero time, year 1, is how the engine says "never". */
export function dateOf(value: unknown): Date {
  const date = new Date(textOf(value))
  return Number.isNaN(date.getTime()) ? new Date(0) : date
}

/** Answers undefined for text that is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const WORDS_LENGTH = 1000
/** Where engines keep their own things. A path in a tenant's container is the tenant's to read. */
const HOST_PATH =
  /\/(?:var\/lib\/(?:docker|containerd)|(?:var\/)?run\/(?:docker|containerd)|sys\/fs\/cgroup|proc\/\d+)[^\s"',:;)\]]*/g
/** Wherever the engine's data lie: its folders are named by 64 hex digits, or `overlay2`. */
const ENGINE_PATH = /\/[^\s"',:;)\]]*\/(?:overlay2\/|[0-9a-f]{64})[^\s"',:;)\]]*/g

/** The engine's sentence without the host's paths, without control characters, and of bounded length. */
export function scrubbed(words: string): string {
  return words
    .slice(0, WORDS_LENGTH * 4)
    .replaceAll(ENGINE_PATH, '(path)')
    .replaceAll(HOST_PATH, '(path)')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, WORDS_LENGTH)
}
