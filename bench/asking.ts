import { request, type Agent } from 'node:http'

export interface Asked {
  readonly agent: Agent
  /** Host and port, or the path of a socket. */
  readonly at: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  readonly method: 'DELETE' | 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

export interface Answered {
  readonly status: number
  readonly text: string
}

/**
 * One request and its whole answer. As thin as Node allows and the same for both sides, so that no
 * side is measured with a slower client.
 */
export function ask(
  { agent, at, method, path, headers, body }: Asked,
  signal: AbortSignal,
): Promise<Answered> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const entity = text === undefined ? {} : entityHeaders(text)
  return new Promise((resolve, reject) => {
    const options = { ...at, agent, method, path, headers: { ...headers, ...entity }, signal }
    const sent = request(options, (answer) => {
      let read = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (read += chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: read }))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

const entityHeaders = (text: string) => ({
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(text)),
})
