import { createConnection, type Socket } from 'node:net'
import type { FromEdge, ToEdge } from './link.ts'
import { readLines, writeLine } from './link-lines.ts'

export interface LinkClientDeps {
  readonly path: string
  /** Called with each message, and with undefined when the connection is lost. */
  readonly hear: (message: FromEdge | undefined) => void
  readonly after: (ms: number, run: () => void) => () => void
}

export interface LinkClient {
  /** Sends if there is a connection; answers whether there was. */
  send(message: ToEdge): boolean
  close(): void
}

const RETRY_MS = 50

/** A connection to one edge process that comes back by itself, for as long as it is not closed. */
export function linkClient({ path, hear, after }: LinkClientDeps): LinkClient {
  let closed = false
  let socket: Socket | undefined
  let cancel: (() => void) | undefined

  function connect(): void {
    const attempt = createConnection({ path })
    attempt.on('connect', () => (socket = attempt))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else can open the socket
    readLines(attempt, (message) => hear(message as FromEdge))
    attempt.on('error', () => undefined) // `close` follows, and is what counts.
    attempt.on('close', () => {
      if (socket === attempt) {
        socket = undefined
        hear(undefined)
      }
      if (!closed) cancel = after(RETRY_MS, connect)
    })
  }

  connect()
  return {
    send(message) {
      if (!socket) return false
      writeLine(socket, message)
      return true
    },
    close() {
      closed = true
      cancel?.()
      socket?.destroy()
    },
  }
}
