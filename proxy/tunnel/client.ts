import { createHash, randomBytes } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { Socket } from 'node:net'
import { WindowPool } from '../core/tunnel-window.ts'
import { Carrier, CLOSE_CODES } from './carrier.ts'
import { joinTcp } from './tcp-end.ts'
import { joinUdp, type DatagramEnd, type DatagramOutlet } from './udp-end.ts'
import { socketWire } from './wire.ts'

export interface TunnelWanted {
  /** Where the ingress is. */
  readonly at: At
  /** The name under which it takes tunnels. */
  readonly host: string
  readonly ticket: string
  /** Ends the attempt, and then the tunnel. */
  readonly signal: AbortSignal
  /** The tunnel has ended, and why. Said once. */
  readonly over: (reason: string) => void
}

export interface At {
  readonly host: string
  readonly port: number
  /** Over TLS, where one of these authorities (PEM) has to vouch for the host. Absent: in clear. */
  readonly authorities?: readonly string[]
}

/** The ingress cannot be reached, or refused the tunnel; the message says what to do. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError'
  /** null: it could not be reached. */
  readonly status: number | null

  constructor(message: string, status: number | null, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

export interface ClientTunnel {
  /** Joins a connection to a new one at the other end; false: the tunnel takes no more. */
  join(socket: Socket): boolean
  /** The same for datagrams. */
  flow(outlet: DatagramOutlet): DatagramEnd | undefined
  close(): void
}

/** The other side allows fewer or as many; it says so by a reset. */
const MOST_STREAMS = 128
/** All of this process: it is on the user's own machine. */
const POOL_BYTES = 64 * 1024 * 1024
const HANDSHAKE_MS = 10_000
const PING_MS = 15_000
const SILENCE_MS = 45_000
const MOST_REFUSAL_BYTES = 4096
/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Opens a tunnel with a ticket of the API. */
export async function openTunnel(wanted: TunnelWanted): Promise<ClientTunnel> {
  const { socket, head } = await upgraded(wanted)
  return tunnelOver(socket, head, wanted)
}

function tunnelOver(socket: Socket, head: Buffer, { signal, over }: TunnelWanted): ClientTunnel {
  const carrier = new Carrier({
    role: 'client',
    wire: socketWire(socket, true),
    mostStreams: MOST_STREAMS,
    pool: new WindowPool(POOL_BYTES),
    accept: () => undefined,
    over(_code, reason) {
      clearInterval(beat)
      signal.removeEventListener('abort', close)
      over(reason)
    },
  })
  let heardAt = performance.now()
  const beat = setInterval(() => {
    if (performance.now() - heardAt > SILENCE_MS) socket.destroy()
    else carrier.ping()
  }, PING_MS)
  const close = (): void => carrier.close(CLOSE_CODES.normal, 'it was closed here')
  signal.addEventListener('abort', close)
  const lost = (): void => carrier.close(CLOSE_CODES.goingAway, 'the connection was lost')
  const received = (bytes: Buffer): void => {
    heardAt = performance.now()
    carrier.received(bytes)
  }
  socket.setNoDelay(true)
  socket.on('data', received).on('drain', () => carrier.drained())
  socket.on('error', () => undefined) // `close` follows, and is what counts.
  socket.on('end', lost).on('close', lost)
  if (head.length > 0) received(head)
  return {
    join(connection) {
      const stream = carrier.open()
      if (stream === undefined) return false
      joinTcp(carrier, stream, connection)
      return true
    },
    flow(outlet) {
      const stream = carrier.open()
      return stream === undefined ? undefined : joinUdp(carrier, stream, outlet)
    },
    close,
  }
}

interface Upgraded {
  readonly socket: Socket
  readonly head: Buffer
}

function upgraded({ at, host, ticket, signal }: TunnelWanted): Promise<Upgraded> {
  const key = randomBytes(16).toString('base64')
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded>()
  const { authorities } = at
  const asking = authorities === undefined ? request : requestOverTls
  const asked = asking({
    ...(authorities !== undefined && { ca: [...authorities], servername: at.host }),
    host: at.host,
    port: at.port,
    path: '/',
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_MS)]),
    headers: {
      host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      authorization: `Bearer ${ticket}`,
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
    },
  })
  asked.on('upgrade', (response, socket, head) => {
    if (response.headers['sec-websocket-accept'] === accept) return resolve({ socket, head })
    socket.destroy()
    return reject(refusal(at, 'it is no WebSocket server', null))
  })
  asked.on('response', (response) => {
    refusalIn(response).then(
      (said) => reject(refusal(at, said, response.statusCode ?? null)),
      (error: unknown) => reject(unreachable(at, error)),
    )
  })
  asked.on('error', (error) => reject(unreachable(at, error)))
  asked.end()
  return promise
}

/** What the ingress says in its page: a title, then what is wrong and what to do. */
async function refusalIn(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > MOST_REFUSAL_BYTES) break
  }
  const sentences = text.slice(0, MOST_REFUSAL_BYTES).split('\n').slice(2)
  return sentences.join(' ').trim() || `it answered ${response.statusCode}`
}

const refusal = ({ host, port }: At, said: string, status: number | null): TunnelError =>
  new TunnelError(`Cannot open a tunnel at ${host}:${port}: ${said}`, status)

function unreachable({ host, port }: At, cause: unknown): TunnelError {
  return new TunnelError(`Cannot reach the ingress at ${host}:${port}`, null, { cause })
}
