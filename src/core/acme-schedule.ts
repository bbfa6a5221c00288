import { DAY_MS } from './days.ts'

const FIRST_REST_MS = 15 * 60_000
const LONGEST_REST_MS = DAY_MS
/** What an authority asks for is heeded up to this. */
const LONGEST_ASKED_MS = 7 * DAY_MS
/** Certificates that were made on one day are not renewed at one moment. */
const SPREAD = 20

/** So long nothing is asked for a host, which has failed so often on end: at most three times in an hour. */
export function restMs(failures: number, askedMs = 0): number {
  const own = Math.min(FIRST_REST_MS * 2 ** Math.max(0, failures - 1), LONGEST_REST_MS)
  return Math.max(own, Math.min(askedMs, LONGEST_ASKED_MS))
}

/** With a third of its life left, and up to a twentieth of it before that: always the same for one host. */
export function renewalMs(host: string, life: { notBefore: number; notAfter: number }): number {
  const wholeMs = life.notAfter - life.notBefore
  const early = (hashOf(host) / 2 ** 32) * (wholeMs / SPREAD)
  return life.notAfter - wholeMs / 3 - early
}

/** FNV-1a, over the letters of a name. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}
