import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from './asking.ts'

export interface Server {
  readonly host: string
  readonly port: number
  /** Host field of the request. */
  readonly name: string
}

/** Short enough to add nothing that counts, long enough to leave the processor to what is starting. */
const RETRY_MS = 2
/** What a client takes for "not yet". */
const NOT_YET: ReadonlySet<number> = new Set([404, 502, 503, 504])
const REFUSED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH'])

/** Asks until the first 200, each time on a new connection, as a client does that comes too early. */
export async function firstAnswer(server: Server, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: false })
  while (!(await answers(server, agent, signal))) await pause(RETRY_MS, undefined, { signal })
}

async function answers(server: Server, agent: Agent, signal: AbortSignal): Promise<boolean> {
  const { name, ...at } = server
  try {
    const headers = { host: name }
    const { status } = await ask({ agent, at, method: 'GET', path: '/', headers }, signal)
    if (status === 200) return true
    if (NOT_YET.has(status)) return false
    throw new Error(`Cannot reach ${name}: it answered ${status}`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSED.has(String(error.code))) return false
    throw error
  }
}
