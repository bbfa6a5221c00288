import { createSocket, type RemoteInfo } from 'node:dgram'
import { createServer, isIPv6, type Socket } from 'node:net'
import type { DatagramEnd } from '../../../proxy/tunnel/udp-end.ts'
import { CommandError, EXIT } from '../exit.ts'
import type { TunnelLine } from './tunnel-line.ts'

export interface Listening {
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  readonly line: TunnelLine
  readonly signal: AbortSignal
  /** A connection that could not be carried. */
  readonly failed: (error: unknown) => void
}

/** Listens for connections, and carries each; answers the port. */
export function listenTcp({ address, port, line, signal, failed }: Listening): Promise<number> {
  const open = new Set<Socket>()
  // Nothing is read before there is somewhere to send it; each half is closed alone.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // Until it is joined nobody else listens for errors; `close` follows.
    socket.on('error', () => undefined)
    carried(socket, line).catch((error: unknown) => {
      socket.resetAndDestroy()
      failed(error)
    })
  })
  signal.addEventListener('abort', () => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port }, () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
    })
  })
}

async function carried(socket: Socket, line: TunnelLine): Promise<void> {
  const tunnel = await line()
  if (!tunnel.join(socket)) throw new CommandError(EXIT.failed, TOO_MANY)
}

const TOO_MANY = 'Cannot carry a connection: the tunnel has as many as it takes'

/** The same for datagrams: each peer's are a flow of their own. */
export function listenUdp({ address, port, line, signal, failed }: Listening): Promise<number> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const flows = new Map<string, Promise<DatagramEnd | undefined>>()

  async function flowOf(peer: RemoteInfo, name: string): Promise<DatagramEnd | undefined> {
    const tunnel = await line()
    return tunnel.flow({
      send: (datagram) => socket.send(datagram, peer.port, peer.address, () => undefined),
      close: () => void flows.delete(name),
    })
  }

  socket.on('message', (datagram, peer) => {
    const name = `${peer.address} ${peer.port}`
    const flow = flows.get(name) ?? flowOf(peer, name)
    flows.set(name, flow)
    flow.then(
      (end) => end?.send(datagram) ?? flows.delete(name),
      (error: unknown) => {
        if (flows.delete(name)) failed(error)
      },
    )
  })
  signal.addEventListener('abort', () => socket.close())
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address, port }, () => resolve(socket.address().port))
  })
}
