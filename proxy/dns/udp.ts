import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'

/** A datagram socket, as much of it as a responder needs. */
export interface UdpSocket {
  readonly port: number
  send(packet: Buffer, port: number, address: string): void
  close(): void
}

export interface UdpSettings {
  readonly host: string
  readonly port: number
  /** Lets two processes share the address, so that one can take over from the other. */
  readonly reusePort: boolean
  /** The packet is only lent: it is overwritten after the call. */
  readonly onPacket: (packet: Buffer, port: number, address: string) => void
  readonly onError: (error: Error) => void
}

/** The kernel's own size holds 256 small packets; the rest of a burst would be lost in silence. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Replies that the kernel does not take at once wait, and so many are enough. */
const SEND_QUEUE_BYTES_MAX = 1024 * 1024

/** To ask how much waits costs as much as to make an answer. */
const LOOKS_EVERY = 16

/** Pause after a failure to receive. */
const FAILED_RECEIVE_MS = 5

/** Bytes of a query that are read under Deno; longer ones are cut, and then malformed. */
const PACKET_BYTES = 4096

/**
 * Node's sockets where Node runs. Deno's `node:dgram` answers at 2 % of that rate, its own datagram
 * sockets at the same; without `--unstable-net` they do not exist, and the slow way still works.
 */
export async function openUdp(settings: UdpSettings): Promise<UdpSocket> {
  const listenDatagram = denoDatagrams()
  return listenDatagram === null ? nodeSocket(settings) : denoSocket(settings, listenDatagram)
}

async function nodeSocket(settings: UdpSettings): Promise<UdpSocket> {
  const { host, port, reusePort, onPacket, onError } = settings
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    reusePort,
    // Addresses are numbers already. The default asks getaddrinfo's door-keeper for each packet.
    lookup: (address, _options, done) => done(null, address, address.includes(':') ? 6 : 4),
  })
  await new Promise<void>((done, fail) => {
    socket.once('error', fail)
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.off('error', fail)
      done()
    })
  })
  let isOpen = true
  socket.on('error', onError)
  socket.on('message', (packet, from) => onPacket(packet, from.port, from.address))
  growBuffer(socket)
  // Deno's node:dgram has no such call; it is the slow way there, of which nobody serves.
  let sent = 0
  let isFull = false
  const queued = (): number => ('getSendQueueSize' in socket ? socket.getSendQueueSize() : 0)
  return {
    port: socket.address().port,
    send: (packet, toPort, address) => {
      if (!isOpen) return
      if (sent++ % LOOKS_EVERY === 0) isFull = queued() > SEND_QUEUE_BYTES_MAX
      // Without offset and length: given those, a further view of the same memory is made.
      if (!isFull) socket.send(packet, toPort, address)
    },
    close() {
      isOpen = false
      socket.close()
    },
  }
}

/** The kernel cuts what its own limit forbids; what is left is still right. */
function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // A runtime without this call has the kernel's default, which only loses packets earlier.
  }
}

interface DenoAddress {
  readonly transport: 'udp'
  readonly hostname: string
  readonly port: number
}

interface DenoDatagram {
  readonly addr: DenoAddress
  receive(into: Uint8Array): Promise<[Uint8Array, DenoAddress]>
  send(packet: Uint8Array, to: DenoAddress): Promise<number>
  close(): void
}

type ListenDatagram = (options: DenoAddress) => DenoDatagram

function denoDatagrams(): ListenDatagram | null {
  const deno: unknown = Reflect.get(globalThis, 'Deno')
  if (typeof deno !== 'object' || deno === null || !('listenDatagram' in deno)) return null
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's types do not know Deno's
  return (deno.listenDatagram as ListenDatagram | undefined) ?? null
}

function denoSocket(settings: UdpSettings, listen: ListenDatagram): UdpSocket {
  const { host, port, onError } = settings
  const datagrams = listen({ transport: 'udp', hostname: host, port })
  const ended = new AbortController()
  const failed = (error: unknown): void => {
    if (!ended.signal.aborted) onError(error instanceof Error ? error : new Error(String(error)))
  }
  let unsentBytes = 0
  receive(datagrams, { ...settings, onError: failed }, ended.signal).catch(failed)

  async function send(packet: Buffer, to: DenoAddress): Promise<void> {
    unsentBytes += packet.length
    try {
      await datagrams.send(packet, to)
    } catch (error) {
      failed(error)
    } finally {
      unsentBytes -= packet.length
    }
  }

  return {
    port: datagrams.addr.port,
    send(packet, toPort, hostname) {
      if (ended.signal.aborted || unsentBytes > SEND_QUEUE_BYTES_MAX) return
      void send(packet, { transport: 'udp', hostname, port: toPort })
    },
    close() {
      ended.abort()
      datagrams.close()
    },
  }
}

async function receive(
  datagrams: DenoDatagram,
  { onPacket, onError }: Pick<UdpSettings, 'onPacket' | 'onError'>,
  signal: AbortSignal,
): Promise<void> {
  const into = Buffer.alloc(PACKET_BYTES)
  while (!signal.aborted) {
    try {
      const [packet, from] = await datagrams.receive(into)
      onPacket(into.subarray(0, packet.length), from.port, from.hostname)
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
      // A socket that fails at once, again and again, must not take the process with it.
      await delay(FAILED_RECEIVE_MS)
    }
  }
}
