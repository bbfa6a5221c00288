import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { App } from './shell.ts'

/**
 * Every stream of the API over a WebSocket (RFC 6455), under the same address. The request goes the way
 * of any other, so that each check is made once; what its answer streams becomes frames.
 */

const PROTOCOL = 'cloudlet'
/** A browser cannot send headers with a WebSocket, but sub-protocols; an address would end up in logs. */
const TOKEN_PROTOCOL = /^bearer\.([\w.~+/=-]{1,8192})$/

/** Registered for applications: RFC 6455 §7.4.2. The rest are of §7.4.1. */
export const CLOSE = {
  over: 1000,
  stopping: 1012,
  failed: 1011,
  'invalid-token': 4001,
  'reader-too-slow': 4008,
} as const

const PING_MS = 20_000
/** How long one frame may take to leave, and a client to answer a ping or a close. */
const PATIENCE_MS = 10_000
/** Nothing is read from a client but that it lives. */
const MOST_RECEIVED_BYTES = 1024

export interface WebSocketDeps {
  readonly fetch: App['fetch']
  /** Whether a page of this origin may connect; see `sameOrigin`. */
  readonly isKnownOrigin: (origin: string, host: string) => boolean
}

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export const isWebSocket = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket'

/** A page is of our own origin, or it may not connect: no cross-origin check but this guards WebSockets. */
export function sameOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

/** What to do with the event `upgrade` of the server. */
export function webSockets({ fetch, isKnownOrigin }: WebSocketDeps): Upgrade {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_RECEIVED_BYTES,
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
  })

  async function upgraded(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { origin, host = '' } = incoming.headers
    if (origin !== undefined && !isKnownOrigin(origin, host)) return refuse(socket, 403)
    const ending = new AbortController()
    socket.once('close', () => ending.abort())
    const cut = { act: (): void => void socket.destroy() }
    const { remoteAddress } = incoming.socket
    const from = {
      ...(remoteAddress !== undefined && { remoteAddress }),
      destroy: () => cut.act(),
    }
    const response = await fetch(requestOf(incoming, ending.signal), { incoming: { socket: from } })
    const isStream = response.headers.get('content-type') === 'application/x-ndjson'
    if (response.status !== 200 || !isStream || !response.body) return answer(socket, response)
    const { body } = response
    server.handleUpgrade(incoming, socket, head, (client) => {
      cut.act = () => close(client, 'reader-too-slow')
      void pumped(body, client)
    })
  }

  return (incoming, socket, head) => {
    // Until the handshake is done, nobody else listens for errors of this socket.
    socket.on('error', () => socket.destroy())
    upgraded(incoming, socket, head).catch(() => refuse(socket, 500))
  }
}

/** Headers that belong to the connection, or that a page of a stranger would have sent unasked. */
const LEFT_OUT = /^(accept|authorization|connection|cookie|upgrade|sec-websocket-.*)$/

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers({ accept: 'application/x-ndjson' })
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (!LEFT_OUT.test(name) && typeof value === 'string') headers.set(name, value)
  }
  const authorization = authorizationOf(incoming)
  if (authorization !== undefined) headers.set('authorization', authorization)
  const host = incoming.headers.host ?? 'localhost'
  return new Request(new URL(incoming.url ?? '/', `http://${host}`), { headers, signal })
}

function authorizationOf({ headers }: IncomingMessage): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((one) => one.trim()) ?? []
  const token = offered.map((one) => TOKEN_PROTOCOL.exec(one)?.[1]).find((one) => one !== undefined)
  return token === undefined ? headers.authorization : `Bearer ${token}`
}

/** Lines become frames, one after another: the next is read when the one before has left. */
async function pumped(body: ReadableStream<Uint8Array>, client: WebSocket): Promise<void> {
  const reader = body.getReader()
  const beat = heartbeat(client)
  client.on('close', () => void reader.cancel().catch(() => undefined))
  client.on('error', () => client.terminate())
  const decoder = new TextDecoder()
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { done, value } = await reader.read()
      if (done) return close(client, 'over')
      // Each chunk of a stream of the API is one whole line.
      const line = decoder.decode(value).trim()
      const failed = failureIn(line)
      // oxlint-disable-next-line no-await-in-loop -- in order
      if (line !== '') await sent(client, line)
      if (failed !== undefined) return close(client, failed)
    }
  } catch {
    // The stream broke off, since the server stops, or the client is gone already.
    close(client, 'stopping')
  } finally {
    beat.stop()
  }
}

function sent(client: WebSocket, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    close(client, 'reader-too-slow')
    reject(new Error('The client does not read'))
  }, PATIENCE_MS)
  client.send(text, (error) => (error ? reject(error) : resolve()))
  return promise.finally(() => clearTimeout(timer))
}

/** The code of the failure that a stream ends with. */
function failureIn(line: string): keyof typeof CLOSE | undefined {
  if (!line.startsWith('{"error":')) return undefined
  const code = /"type":"\/problems\/([a-z-]+)"/.exec(line)?.[1]
  return code === 'invalid-token' || code === 'reader-too-slow' ? code : 'failed'
}

function close(client: WebSocket, why: keyof typeof CLOSE): void {
  client.close(CLOSE[why], why)
  setTimeout(() => client.terminate(), PATIENCE_MS).unref()
}

/** A client that is gone without a word is seen by its silence. */
function heartbeat(client: WebSocket) {
  let isAlive = true
  client.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return client.terminate()
    isAlive = false
    client.ping()
  }, PING_MS).unref()
  return { stop: () => clearInterval(timer) }
}

/** The answer to a request that was not upgraded: it is one of HTTP like any other. */
async function answer(socket: Duplex, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const { status } = response
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers}connection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
      ),
      body,
    ]),
  )
}

function refuse(socket: Duplex, status: 403 | 500): void {
  if (socket.destroyed) return
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  )
}
