import { request, type Agent } from 'node:http'
import type { HostPort } from '../../src/instance.ts'

export interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

export interface PageAsked {
  readonly host: string
  readonly path?: string
  /** Absent: a connection of its own. */
  readonly agent?: Agent
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 15_000

/** One GET, sent to that address under whatever host name; `fetch` does not let its caller choose it. */
export function page(
  at: HostPort,
  { host, path = '/', agent, timeoutMs = TIMEOUT_MS }: PageAsked,
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const given = {
      host: at.host,
      port: at.port,
      path,
      headers: { host },
      signal,
      agent: agent ?? false,
    }
    const asked = request(given, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}
