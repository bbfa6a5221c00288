import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { addressGroup, isLoopback } from '../core/address-group.ts'
import type { App } from './shell.ts'
import { isWebSocket, webSockets, type WebSocketDeps } from './websocket.ts'

/** How long requests that are under way may take when the server stops. */
const DRAIN_MS = 10_000

/**
 * What a client may take of the server. A head is at most some names and a token; bodies have a bound and
 * a time of their own (`body.ts`), and `requestTimeout` is for what that does not see.
 */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16 * 1024,
  // How often the times above are looked at.
  connectionsCheckingInterval: 2_000,
} as const
const MOST_HEADERS = 100
const MOST_REQUESTS_OF_SOCKET = 10_000
const MOST_CONNECTIONS = 4096
/** Of one address; behind a loopback address there can be a proxy with everybody. */
const MOST_OF_ADDRESS = 256
const MOST_OF_LOOPBACK = 2048

export interface ServerDeps extends Omit<WebSocketDeps, 'fetch'> {
  readonly fetch: App['fetch']
}

/** The API behind a socket. */
export function httpServer({ fetch, isKnownOrigin }: ServerDeps) {
  const listener = getRequestListener(fetch)
  const server = createServer(
    { ...LIMITS, shouldUpgradeCallback: isWebSocket },
    (request, response) =>
      void (isForeign(request) ? refuse(response) : listener(request, response)),
  )
  server.maxConnections = MOST_CONNECTIONS
  server.maxHeadersCount = MOST_HEADERS
  server.maxRequestsPerSocket = MOST_REQUESTS_OF_SOCKET
  server.on('connection', countedConnections())
  server.on('upgrade', webSockets({ fetch, isKnownOrigin }))
  return {
    listen: (at: { readonly host: string; readonly port: number }) => listening(server, at),
    address: () => server.address(),
    /** Takes no more, lets what is under way come to its end, and cuts what does not. */
    async close(): Promise<void> {
      server.close()
      server.closeIdleConnections()
      const over = new AbortController()
      const late = setTimeout(() => over.abort(), DRAIN_MS)
      await Promise.race([once(server, 'close'), once(over.signal, 'abort')])
      clearTimeout(late)
      server.closeAllConnections()
    },
  }
}

/** Methods that the Fetch standard forbids, so that there is no request to be made of them. */
const isForeign = ({ method }: IncomingMessage): boolean => method === 'TRACE' || method === 'TRACK'

function refuse(response: ServerResponse): void {
  response.writeHead(501, { connection: 'close' }).end()
}

/** Lets so many connections of one address be open at once. */
function countedConnections(): (socket: Socket) => void {
  const open = new Map<string, number>()
  return (socket) => {
    const address = socket.remoteAddress ?? '-'
    const group = addressGroup(address)
    const count = (open.get(group) ?? 0) + 1
    if (count > (isLoopback(address) ? MOST_OF_LOOPBACK : MOST_OF_ADDRESS)) {
      socket.destroy()
      return
    }
    open.set(group, count)
    socket.once('close', () => {
      const left = (open.get(group) ?? 1) - 1
      if (left === 0) open.delete(group)
      else open.set(group, left)
    })
  }
}

function listening(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at, () => resolve())
  })
}
