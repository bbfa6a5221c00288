import { connect } from 'node:net'

/**
 * One connection that stays open, over which requests go one at a time. Written on the socket itself:
 * `node:http`'s own client costs more than the server that is measured.
 */
export interface Connection {
  /** Sends the bytes of one request; answers with how many milliseconds later the whole answer was there. */
  ask(request: Buffer): Promise<number>
  /** The body of the last answer. */
  last(): string
  close(): void
}

const HEAD_END = '\r\n\r\n'

export async function connection(port: number, wanted: number): Promise<Connection> {
  let current = await opened(port, wanted)
  return {
    async ask(request) {
      const begun = performance.now()
      // A server bounds how many requests one socket may bring, and says so with the last answer (RFC 9112 §9.6).
      if (current.isLast()) {
        current.close()
        current = await opened(port, wanted)
      }
      await current.ask(request)
      return performance.now() - begun
    },
    last: () => current.body(),
    close: () => current.close(),
  }
}

async function opened(port: number, wanted: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve()).once('error', reject)
  })
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined
  const answer = answerReader(wanted)
  const fail = (error: Error): void => waiting?.reject(error)
  socket.on('error', fail).on('close', () => fail(new Error('The server closed the connection')))
  socket.on('data', (chunk) => {
    try {
      if (answer.take(chunk)) waiting?.resolve()
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)))
    }
  })
  return {
    ask: (request: Buffer) =>
      new Promise<void>((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(request)
      }),
    isLast: answer.isLast,
    body: answer.body,
    close: () => socket.destroy(),
  }
}

/** Knows when an answer is whole by its length, which the servers here always tell. */
function answerReader(wanted: number) {
  let chunks: Buffer[] = []
  let size = 0
  let whole = 0
  let body = 0
  let isLast = false
  function begin(): void {
    const head = Buffer.concat(chunks)
    const end = head.indexOf(HEAD_END)
    if (end < 0) return
    const text = head.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
    if (!text.startsWith(`HTTP/1.1 ${wanted} `) || length === undefined) {
      throw new Error(`It was answered: ${head.toString('utf8').slice(0, 500)}`)
    }
    isLast = /\r\nconnection: *close/i.test(text)
    body = end + HEAD_END.length
    whole = body + Number(length)
  }
  return {
    take(chunk: Buffer): boolean {
      if (whole > 0 && size >= whole) [chunks, size, whole] = [[], 0, 0]
      chunks.push(chunk)
      size += chunk.length
      if (whole === 0) begin()
      return whole > 0 && size >= whole
    },
    isLast: (): boolean => isLast,
    body: (): string => Buffer.concat(chunks).toString('utf8', body),
  }
}

export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly apiKey: string
  readonly body?: object
}

export function requestBytes({ method, path, apiKey, body }: RequestHead): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    `authorization: Bearer ${apiKey}`,
    ...(body === undefined
      ? []
      : ['content-type: application/json', `content-length: ${Buffer.byteLength(text)}`]),
    '',
    text,
  ]
  return Buffer.from(lines.slice(0, -1).join('\r\n') + '\r\n' + text)
}
