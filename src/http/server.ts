import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { addressGroup, isLoopback } from '../core/address-group.ts'
import { failure, notFound } from '../core/failure.ts'
import { problemAnswer, problemOf } from './problem.ts'
import type { App } from './shell.ts'
import { isWebSocket, webSockets, type WebSocketDeps } from './websocket.ts'

/** How long requests that are under way may take when the server stops. */
const DRAIN_MS = 10_000

/**
 * What a client may take of the server. A head is at most some names and a token; bodies have a bound and
 * a time of their own (`body.ts`), and `requestTimeout` is for what that does not see.
 */
const LIMITS = {
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16 * 1024,
  // How often the times above are looked at.
  connectionsCheckingInterval: 1_000,
} as const
const HEAD_MS = 10_000
const MOST_HEADERS = 100
const MOST_REQUESTS_OF_SOCKET = 10_000
const MOST_CONNECTIONS = 4096
/** Of one address; behind a loopback address there can be a proxy with everybody. */
const MOST_OF_ADDRESS = 256
const MOST_OF_LOOPBACK = 2048

export interface ServerDeps extends Omit<WebSocketDeps, 'fetch'> {
  readonly fetch: App['fetch']
  /** How long a client may take to send a head. */
  readonly headMs?: number
}

/** The API behind a socket. */
export function httpServer({ fetch, isKnownOrigin, headMs = HEAD_MS }: ServerDeps) {
  const listener = getRequestListener(fetch)
  const server = createServer(
    { ...LIMITS, headersTimeout: headMs, shouldUpgradeCallback: isWebSocket },
    (request, response) => {
      // What cannot even be read is not worth an answer.
      if (isForeign(request)) refuse(fetch, request, response).catch(() => request.destroy())
      else void listener(request, response)
    },
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

/** As the API answers to any other method that a path does not take; it knows which it does. */
async function refuse(
  fetch: App['fetch'],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(incoming.url ?? '/', 'http://localhost')
  const asked = new Request(`http://localhost${pathname}`, { method: 'OPTIONS' })
  const known = await fetch(asked, { incoming })
  const allow = known.headers.get('allow')
  const message = `Cannot ${incoming.method} "${pathname}"`
  const error =
    allow === null
      ? notFound('path', pathname)
      : failure('method-not-allowed', message, { method: incoming.method ?? '', allow })
  const { status, headers, body } = problemAnswer(
    problemOf(error, known.headers.get('x-request-id') ?? '-'),
  )
  response.writeHead(status, { ...headers, connection: 'close' }).end(body)
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
