import { createSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import type { TicketClaims } from '../core/tunnel-ticket.ts'
import type { WindowPool } from '../core/tunnel-window.ts'
import { Carrier, CLOSE_CODES } from '../tunnel/carrier.ts'
import { joinTcp } from '../tunnel/tcp-end.ts'
import { joinUdp } from '../tunnel/udp-end.ts'
import { socketWire } from '../tunnel/wire.ts'
import type { IngressContext } from './context.ts'

interface PortTunnelDeps {
  readonly claims: TicketClaims
  readonly socket: Socket
  readonly peer: string
  readonly pool: WindowPool
  readonly over: (reason: string) => void
}

/** One tunnel: connections with one port of one container, through one connection of a client. */
export class PortTunnel {
  readonly claims: TicketClaims
  readonly peer: string
  readonly sinceMs: number
  readonly #context: IngressContext
  readonly #socket: Socket
  readonly #carrier: Carrier
  #heardAtMs: number
  #overAtMs: number | null = null

  constructor(context: IngressContext, { claims, socket, peer, pool, over }: PortTunnelDeps) {
    this.#context = context
    this.claims = claims
    this.peer = peer
    this.#socket = socket
    this.sinceMs = context.now()
    this.#heardAtMs = this.sinceMs
    context.counters.tunnels += 1
    this.#carrier = new Carrier({
      role: 'server',
      wire: socketWire(socket, false),
      mostStreams: context.limits.portTunnelStreams,
      pool,
      accept: (stream) => this.#dial(stream),
      over: (_code, reason) => {
        this.#overAtMs = context.now()
        context.counters.tunnels -= 1
        over(reason)
      },
    })
  }

  fromClient(bytes: Buffer): void {
    this.#heardAtMs = this.#context.now()
    this.#carrier.received(bytes)
  }

  clientDrained(): void {
    this.#heardAtMs = this.#context.now()
    this.#carrier.drained()
  }

  clientEnded(): void {
    this.#carrier.close(CLOSE_CODES.normal, 'the client has closed it')
  }

  /** The client's connection is gone. */
  close(): void {
    this.#carrier.close(CLOSE_CODES.goingAway, 'the connection is gone')
  }

  /** It may not go on: no more bytes either way, and the client is told why. */
  cut(reason: string): void {
    this.#carrier.close(CLOSE_CODES.cut, reason)
  }

  /** A client that lives asks from time to time whether we do. */
  sweep(nowMs: number): void {
    const { portTunnelSilenceMs, lingerMs } = this.#context.limits
    const isSilent = nowMs - this.#heardAtMs > portTunnelSilenceMs
    // It has been told that it is over, and had the time to hear it.
    const isLingering = this.#overAtMs !== null && nowMs - this.#overAtMs > lingerMs
    if (isSilent || isLingering) this.#socket.destroy()
  }

  #dial(stream: number): void {
    const { protocol, address, port } = this.claims
    if (protocol === 'udp') return this.#dialUdp(stream)
    const socket = connect({ host: address, port, allowHalfOpen: true })
    const { connectMs } = this.#context.limits
    const late = Object.assign(new Error('No answer in time'), { code: 'ETIMEDOUT' })
    const timer = setTimeout(() => socket.destroy(late), connectMs)
    socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
    joinTcp(this.#carrier, stream, socket)
  }

  #dialUdp(stream: number): void {
    const { address, port } = this.claims
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    let isOpen = true
    const end = joinUdp(this.#carrier, stream, {
      // What cannot be sent is lost, as on any network.
      send: (datagram) => isOpen && socket.send(datagram, port, address, () => undefined),
      close() {
        if (isOpen) socket.close()
        isOpen = false
      },
    })
    socket.on('message', (datagram, from) => {
      // Anybody could send to the port; only the container is part of this.
      if (from.address === address && from.port === port) end.send(datagram)
    })
    socket.on('error', () => end.close())
  }
}
