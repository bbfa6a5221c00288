import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { DnsFrames, framed } from '../core/dns-frames.ts'
import { decodeMessage, isAnswerTo } from '../core/dns-message.ts'
import type { Endpoint } from '../core/dns-resolvers.ts'
import { FLAG } from '../core/dns-wire.ts'
import { tlsExchange } from './tls-exchange.ts'

/** Asks one server once. Null: no answer that could be believed. Ends when `signal` says so. */
export type Exchange = (
  server: Endpoint,
  query: Buffer,
  signal: AbortSignal,
) => Promise<Buffer | null>

/** Packets that are not the answer are guesses of somebody. After so many, TCP, which hears no guesses. */
const WRONG_PACKETS_MAX = 16

/** Each server in the way that is written for it. */
export function exchanges(given: { readonly ca?: string } = {}) {
  const overTls = tlsExchange(given)
  const exchange: Exchange = (server, query, signal) =>
    (server.tlsName === undefined ? inClear : overTls.exchange)(server, query, signal)
  return { exchange, close: () => overTls.close() }
}

/** By datagram, and again over TCP when the answer was cut (RFC 7766 §5) or somebody is guessing. */
const inClear: Exchange = async (server, query, signal) => {
  const answer = await overUdp(server, query, signal)
  return answer === 'tcp' ? overTcp(server, query, signal) : answer
}

/**
 * A fresh socket each time, so that its random port is a second number to be guessed (RFC 5452 §9.2),
 * and connected, so that the kernel drops what comes from elsewhere and tells when nobody listens.
 */
function overUdp(
  server: Endpoint,
  query: Buffer,
  signal: AbortSignal,
): Promise<Buffer | 'tcp' | null> {
  return new Promise((done) => {
    const family = server.host.includes(':') ? 6 : 4
    const socket = createSocket({
      type: `udp${family}`,
      lookup: (address, _options, found) => found(null, address, family),
    })
    let wrong = 0
    let isDone = false
    const finish = (result: Buffer | 'tcp' | null): void => {
      isDone = true
      signal.removeEventListener('abort', give)
      socket.off('message', judge)
      // What goes wrong from here on concerns nobody, but an unheard error would end the process.
      socket.removeAllListeners('error').on('error', () => undefined)
      closed(() => socket.close())
      done(result)
    }
    const give = (): void => finish(null)
    const judge = (packet: Buffer, from: { address: string; port: number }): void => {
      // Deno's connected sockets do not ask the kernel to sort out strangers.
      const isServer = from.port === server.port && sameHost(from.address, server.host)
      if (isServer && isAnswerTo(query, packet)) {
        if ((packet.readUInt16BE(2) & FLAG.TC) !== 0) finish('tcp')
        else if (decodeMessage(packet) !== null) finish(packet)
        else finish(null)
      } else if (++wrong >= WRONG_PACKETS_MAX) finish('tcp')
    }
    if (signal.aborted) return finish(null)
    signal.addEventListener('abort', give, { once: true })
    socket.on('error', give)
    socket.on('message', judge)
    socket.connect(server.port, server.host, () => {
      if (!isDone) socket.send(query)
    })
  })
}

function overTcp(server: Endpoint, query: Buffer, signal: AbortSignal): Promise<Buffer | null> {
  return new Promise((done) => {
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    const frames = new DnsFrames()
    const finish = (result: Buffer | null): void => {
      signal.removeEventListener('abort', give)
      socket.destroy()
      done(result)
    }
    const give = (): void => finish(null)
    if (signal.aborted) return finish(null)
    signal.addEventListener('abort', give, { once: true })
    socket.on('error', give)
    socket.on('close', give)
    socket.on('connect', () => socket.write(framed(query)))
    socket.on('data', (chunk: Buffer) => {
      // Whoever sends anything but the answer first is not asked for more.
      frames.push(chunk, (answer) => {
        finish(isAnswerTo(query, answer) && decodeMessage(answer) !== null ? answer : null)
      })
    })
  })
}

function sameHost(from: string, server: string): boolean {
  return from === server || from.split('%')[0] === server.split('%')[0]
}

/** A socket that could not even be opened throws when it is closed. */
function closed(close: () => void): void {
  try {
    close()
  } catch {
    // It holds nothing then.
  }
}
