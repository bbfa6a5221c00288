import type { Socket } from 'node:net'
import { createSecureContext, createServer } from 'node:tls'
import type { SecureContext, Server, TLSSocket } from 'node:tls'
import { ACME_PROTOCOL, type Challenges } from '../core/challenges.ts'
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

const PROTOCOLS = ['h2', 'http/1.1']

interface FrontDeps {
  readonly log: Log
  readonly now: () => number
  readonly limits: Pick<IngressLimits, 'handshakeMs'>
  readonly challenges: Challenges
}

/** Ends TLS: which certificate for which name, and HTTP/2 for whoever speaks it (RFC 7301). */
export class TlsFront {
  /** Where it is listened for, to be told to whoever asks in clear; null: nowhere. */
  port: number | null = null
  readonly #deps: FrontDeps
  /** Handshakes that show a challenge's certificate: in TLS 1.3 the protocol is chosen before the name is looked up. */
  readonly #challenged = new WeakSet<TLSSocket>()
  readonly #servers = new Set<Server>()
  readonly #contexts = new Map<HostCertificate, SecureContext>()
  #known: Certificates = new Map()
  #ticketKeys: Buffer | undefined

  constructor(deps: FrontDeps) {
    this.#deps = deps
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
    const [contextFor, protocolFor] = [this.#contextFor.bind(this), this.#protocolFor.bind(this)]
    const server = createServer(
      {
        minVersion: 'TLSv1.2',
        ciphers: CIPHERS,
        honorCipherOrder: false,
        handshakeTimeout: this.#deps.limits.handshakeMs,
        sessionTimeout: SESSION_SECONDS,
        allowHalfOpen: true,
        // Both are called with the socket as `this`; Deno has none for a name, and looks it up first always.
        ALPNCallback(this: TLSSocket, { servername, protocols }) {
          return protocolFor(this, servername, protocols)
        },
        SNICallback(this: TLSSocket | undefined, name, done) {
          done(null, contextFor(this, name))
        },
        ...(this.#ticketKeys === undefined ? {} : { ticketKeys: this.#ticketKeys }),
      },
      (socket) => {
        if (socket.alpnProtocol === ACME_PROTOCOL) shown(socket)
        else accept(socket, socket.alpnProtocol === 'h2')
      },
    )
    // A handshake that fails is the client's matter; nobody is told of each.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#servers.add(server)
    server.on('close', () => this.#servers.delete(server))
    return server
  }

  /** The first of ours that the client speaks; without one the handshake ends (RFC 7301 §3.2). */
  #protocolFor(socket: TLSSocket, name: string, offered: readonly string[]): string | undefined {
    if (offered.includes(ACME_PROTOCOL) && this.#showsChallenge(socket, name)) return ACME_PROTOCOL
    return PROTOCOLS.find((protocol) => offered.includes(protocol))
  }

  #showsChallenge(socket: TLSSocket, name: string): boolean {
    const { challenges, now, log } = this.#deps
    const challenge = challenges.certificate(name.toLowerCase(), now())
    if (challenge === undefined) return false
    try {
      socket.setKeyCert(createSecureContext({ cert: challenge.chain, key: challenge.key }))
    } catch (error) {
      log('error', 'The certificate of a challenge cannot be used', { name, error })
      return false
    }
    this.#challenged.add(socket)
    return true
  }

  /** Never throws: within a handshake that would end the process. */
  #contextFor(socket: TLSSocket | undefined, name: string): SecureContext | undefined {
    if (socket !== undefined && this.#challenged.has(socket)) return undefined
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
      this.#deps.log('error', 'A certificate cannot be used', { names: certificate.names, error })
      return undefined
    }
  }
}

/** Nothing is said on such a connection (RFC 8737 §6.2); what ends the handshake may still be on its way. */
function shown(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.end(() => socket.destroy())
}
