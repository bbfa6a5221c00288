import { createServer, type Server, type Socket } from 'node:net'
import { clearTimeout, setTimeout } from 'node:timers'
import { DnsFrames, framed } from '../core/dns-frames.ts'
import { withoutMapping } from '../core/dns-address.ts'

export interface TcpLimits {
  readonly connections: number
  readonly perClient: number
  /** Time without a complete question or an answer sent (RFC 7766 §6.2.3). */
  readonly idleMs: number
  /** Questions of one connection that wait for an answer from elsewhere; then it is read no further. */
  readonly pipelined: number
}

export const TCP_LIMITS: TcpLimits = {
  connections: 512,
  perClient: 32,
  idleMs: 10_000,
  pipelined: 64,
}

/** Answers that a client does not take; then it is read no further. */
const UNSENT_BYTES_MAX = 256 * 1024

export interface TcpSettings {
  readonly host: string
  readonly port: number
  readonly reusePort: boolean
  readonly limits: TcpLimits
  /** `reply` is called once at most, at any later time, with an answer or all parts of it; null: none. */
  readonly onMessage: (
    packet: Buffer,
    address: string,
    reply: (answer: Buffer | readonly Buffer[] | null) => void,
  ) => void
  readonly onError: (error: Error) => void
}

export interface TcpListener {
  readonly port: number
  readonly connections: () => number
  /** No new connections; those there are keep their questions under way. */
  stop(): void
  close(): void
}

export async function openTcp(settings: TcpSettings): Promise<TcpListener> {
  const { host, port, reusePort, limits, onError } = settings
  const open = new Set<Socket>()
  const byClient = new Map<string, number>()

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const address = withoutMapping(socket.remoteAddress ?? '')
    const mine = byClient.get(address) ?? 0
    socket.on('error', () => socket.destroy())
    if (address === '' || open.size >= limits.connections || mine >= limits.perClient) {
      socket.destroy()
      return
    }
    open.add(socket)
    byClient.set(address, mine + 1)
    socket.once('close', () => {
      open.delete(socket)
      const left = (byClient.get(address) ?? 1) - 1
      if (left > 0) byClient.set(address, left)
      else byClient.delete(address)
    })
    serve(socket, address, settings)
  })
  await listening(server, { host, port, reusePort })
  server.on('error', onError)
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    connections: () => open.size,
    stop: () => server.close(),
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

function listening(
  server: Server,
  options: { readonly host: string; readonly port: number; readonly reusePort: boolean },
): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen({ ...options, exclusive: true }, () => {
      server.off('error', fail)
      done()
    })
  })
}

/** Answers a connection's questions as they are ready, in any order (RFC 7766 §7). */
function serve(socket: Socket, address: string, { limits, onMessage }: TcpSettings): void {
  const frames = new DnsFrames()
  let pending = 0
  let hasEnded = false
  let idle = setTimeout(() => socket.destroy(), limits.idleMs)

  // Bytes alone do not count: one each second would hold the connection for ever.
  const refresh = (): void => {
    clearTimeout(idle)
    idle = setTimeout(() => socket.destroy(), limits.idleMs)
  }
  const isBusy = (): boolean =>
    pending >= limits.pipelined || socket.writableLength > UNSENT_BYTES_MAX
  const goOn = (): void => {
    if (!isBusy()) socket.resume()
  }
  const settle = (answer: Buffer | readonly Buffer[] | null): void => {
    pending--
    if (socket.destroyed) return
    if (Buffer.isBuffer(answer)) socket.write(framed(answer))
    else if (answer !== null) socket.write(Buffer.concat(answer.map(framed)))
    refresh()
    if (hasEnded && pending === 0) socket.end()
    else goOn()
  }

  socket.on('data', (chunk: Buffer) => {
    frames.push(chunk, (message) => {
      pending++
      refresh()
      onMessage(message, address, settle)
    })
    if (isBusy()) socket.pause()
  })
  socket.on('drain', goOn)
  // The client has asked everything; what it asked is still answered (RFC 7766 §6.2.4).
  socket.on('end', () => {
    hasEnded = true
    if (pending === 0) socket.end()
  })
  socket.once('close', () => clearTimeout(idle))
}
