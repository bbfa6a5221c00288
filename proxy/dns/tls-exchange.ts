import { clearTimeout, setTimeout } from 'node:timers'
import { connect, type TLSSocket } from 'node:tls'
import { DnsFrames, framed } from '../core/dns-frames.ts'
import { decodeMessage, isAnswerTo } from '../core/dns-message.ts'
import type { Endpoint } from '../core/dns-resolvers.ts'
import type { Exchange } from './exchange.ts'

/** A connection that nobody uses is given back (RFC 7858 §3.4). */
const IDLE_MS = 10_000
/** Questions under way in one connection; then nobody there reads them. */
const PIPELINED_MAX = 256

interface Line {
  readonly socket: TLSSocket
  readonly pending: Map<number, { readonly query: Buffer; settle(answer: Buffer | null): void }>
  /** Whether it has carried an answer: then it may end because it was idle, which says nothing. */
  isProved: boolean
}

/**
 * DNS over TLS (RFC 7858): one connection a server, kept open, with many questions in it at a time. The
 * certificate must be of the name that the operator has given (RFC 8310 §8.1): there is no falling back.
 */
export function tlsExchange({ ca }: { readonly ca?: string } = {}) {
  const lines = new Map<string, Line>()

  const exchange: Exchange = async (server, query, signal) => {
    const line = lineTo(server)
    const answer = await asked(line, query, signal)
    if (answer !== null || signal.aborted || !line.isProved || !line.socket.destroyed) return answer
    // It was closed at the other end just now; that happens once (RFC 7766 §6.2.3).
    return asked(lineTo(server), query, signal)
  }

  function lineTo(server: Endpoint): Line {
    const key = `${server.host} ${server.port} ${server.tlsName}`
    const known = lines.get(key)
    if (known !== undefined && !known.socket.destroyed) return known
    const line = opened(server, ca)
    lines.set(key, line)
    line.socket.once('close', () => {
      if (lines.get(key) === line) lines.delete(key)
    })
    return line
  }

  return {
    exchange,
    close(): void {
      for (const { socket } of lines.values()) socket.destroy()
    },
  }
}

function opened({ host, port, tlsName }: Endpoint, ca: string | undefined): Line {
  const socket = connect({
    host,
    port,
    servername: tlsName,
    ALPNProtocols: ['dot'],
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
  })
  const line: Line = { socket, pending: new Map(), isProved: false }
  const frames = new DnsFrames()
  let idle = setTimeout(() => socket.destroy(), IDLE_MS)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    clearTimeout(idle)
    idle = setTimeout(() => socket.destroy(), IDLE_MS)
    frames.push(chunk, (message) => take(line, message))
  })
  socket.once('close', () => {
    clearTimeout(idle)
    for (const one of line.pending.values()) one.settle(null)
  })
  return line
}

function take(line: Line, message: Buffer): void {
  const one = message.length < 2 ? undefined : line.pending.get(message.readUInt16BE(0))
  if (one === undefined) return
  line.isProved = true
  const isGood = isAnswerTo(one.query, message) && decodeMessage(message) !== null
  one.settle(isGood ? message : null)
}

function asked(line: Line, query: Buffer, signal: AbortSignal): Promise<Buffer | null> {
  const { pending, socket } = line
  return new Promise((done) => {
    if (signal.aborted || socket.destroyed || pending.size >= PIPELINED_MAX) return done(null)
    // Two questions of one connection need two numbers.
    const mine = Buffer.from(query)
    let id = mine.readUInt16BE(0)
    while (pending.has(id)) id = (id + 1) & 0xffff
    mine.writeUInt16BE(id, 0)
    const give = (): void => settle(null)
    const settle = (answer: Buffer | null): void => {
      signal.removeEventListener('abort', give)
      pending.delete(id)
      done(answer)
    }
    signal.addEventListener('abort', give, { once: true })
    pending.set(id, { query: mine, settle })
    socket.write(framed(mine))
  })
}
