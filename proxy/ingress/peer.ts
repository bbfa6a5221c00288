import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** The client's address as text; IPv4 without the prefix that a socket of both families gives it. */
export const peerOf = (socket: Socket): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:/, '')

/**
 * Ends a connection so that nobody takes what was sent for complete. Below TLS that is a reset of TCP too: Node has none
 * for a socket of TLS itself, throws where it is asked for one, and would end the connection in order when it is destroyed.
 */
export function reset(socket: Socket): void {
  if (!(socket instanceof TLSSocket)) return void socket.resetAndDestroy()
  const below: unknown = Reflect.get(socket, '_parent')
  if (below instanceof Socket && !below.destroyed) below.resetAndDestroy()
  socket.destroy()
}

/**
 * A port of this host at which nobody listens may be given to the very connection that asks for it, which then is its own
 * other end (RFC 9293 §3.5, simultaneous open), says back what it hears, and keeps the port from whoever comes to listen.
 */
export const isToItself = ({
  localPort,
  remotePort,
  localAddress,
  remoteAddress,
}: Socket): boolean => localPort === remotePort && localAddress === remoteAddress

interface Security {
  readonly isSecure: boolean
  /** The name that the client asked the certificate of (RFC 6066 §3), in lower case. */
  readonly serverName: string | null
}

const IN_CLEAR: Security = { isSecure: false, serverName: null }

export function securityOf(socket: Socket): Security {
  if (!(socket instanceof TLSSocket)) return IN_CLEAR
  const { servername } = socket
  const serverName = typeof servername === 'string' ? servername.toLowerCase() : null
  return { isSecure: true, serverName }
}
