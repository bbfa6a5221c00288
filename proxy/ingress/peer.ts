import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** The client's address as text; IPv4 without the prefix that a socket of both families gives it. */
export const peerOf = (socket: Socket): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:/, '')

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
