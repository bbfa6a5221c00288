import type { Socket } from 'node:net'
import { createSecureContext, createServer } from 'node:tls'
import type { SecureContext, Server } from 'node:tls'
import { certificateFor, certificatesByName } from '../core/server-names.ts'
import type { Certificates, HostCertificate, TlsSettings } from '../core/server-names.ts'
import type { Log } from './context.ts'
import type { IngressLimits } from './limits.ts'

const CONTEXTS_MOST = 1000
const SESSION_SECONDS = 6 * 3600
/** Mozilla's intermediate list, without what has no forward secrecy. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** Ends TLS: which certificate for which name, and HTTP/2 for whoever speaks it (RFC 7301). */
export class TlsFront {
  readonly #log: Log
  readonly #handshakeMs: number
  readonly #servers = new Set<Server>()
  readonly #contexts = new Map<HostCertificate, SecureContext>()
  #known: Certificates = new Map()
  #ticketKeys: Buffer | undefined

  constructor(log: Log, { handshakeMs }: Pick<IngressLimits, 'handshakeMs'>) {
    this.#log = log
    this.#handshakeMs = handshakeMs
  }

  update({ certificates, ticketKeys }: TlsSettings): void {
    this.#known = certificatesByName(certificates)
    this.#contexts.clear()
    const keys = Buffer.from(ticketKeys, 'base64url')
    if (keys.length !== 48 || this.#ticketKeys?.equals(keys) === true) return
    this.#ticketKeys = keys
    for (const server of this.#servers) server.setTicketKeys(keys)
  }

  /** A server that hands over connections whose handshake is done. */
  server(accept: (socket: Socket, isHttp2: boolean) => void): Server {
    const server = createServer(
      {
        minVersion: 'TLSv1.2',
        ciphers: CIPHERS,
        honorCipherOrder: false,
        handshakeTimeout: this.#handshakeMs,
        sessionTimeout: SESSION_SECONDS,
        ALPNProtocols: ['h2', 'http/1.1'],
        allowHalfOpen: true,
        SNICallback: (name, done) => done(null, this.#contextFor(name)),
        ...(this.#ticketKeys === undefined ? {} : { ticketKeys: this.#ticketKeys }),
      },
      (socket) => accept(socket, socket.alpnProtocol === 'h2'),
    )
    // A handshake that fails is the client's matter; nobody is told of each.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#servers.add(server)
    server.on('close', () => this.#servers.delete(server))
    return server
  }

  /** Never throws: within a handshake that would end the process. */
  #contextFor(name: string): SecureContext | undefined {
    const certificate = certificateFor(this.#known, name.toLowerCase())
    if (certificate === undefined) return undefined
    const made = this.#contexts.get(certificate)
    if (made !== undefined) return made
    try {
      const context = createSecureContext({ cert: certificate.chain, key: certificate.key })
      if (this.#contexts.size >= CONTEXTS_MOST) this.#contexts.clear()
      this.#contexts.set(certificate, context)
      return context
    } catch (error) {
      this.#log('error', 'A certificate cannot be used', { names: certificate.names, error })
      return undefined
    }
  }
}
