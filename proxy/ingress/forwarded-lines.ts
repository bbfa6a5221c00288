import { Buffer } from 'node:buffer'
import type { RequestHead } from '../core/http-request.ts'

/** What is the same for all requests of a connection. */
interface Origin {
  /** The client's address. */
  readonly peer: string
  readonly scheme: 'http' | 'https'
  readonly isHttp2: boolean
}

/**
 * Who asks, told to the member. Peers are not trusted, so whatever they say about it themselves has
 * been dropped and these lines are the whole truth (RFC 7239 for Forwarded, RFC 9110 §7.6.3 for Via).
 */
export class ForwardedLines {
  readonly #origin: Origin
  #authority = ''
  #via = ''
  #minor = -1
  /** What precedes the id of the request, which is mostly that of the request before. */
  #lines = ''

  constructor(origin: Origin) {
    this.#origin = origin
  }

  get isSecure(): boolean {
    return this.#origin.scheme === 'https'
  }

  /** Whole lines for one request. `via`: our name for others to recognise. */
  of({ line, meaning }: RequestHead, { requestId, via }: { requestId: string; via: string }) {
    const { authority } = meaning
    if (authority !== this.#authority || via !== this.#via || line.minor !== this.#minor) {
      this.#authority = authority
      this.#via = via
      this.#minor = line.minor
      this.#lines = flat(this.#made())
    }
    return `${this.#lines}X-Request-Id: ${requestId}\r\n`
  }

  #made(): string {
    const { peer, scheme, isHttp2 } = this.#origin
    const version = isHttp2 ? '2.0' : `1.${this.#minor}`
    const node = peer.includes(':') ? `"[${peer}]"` : peer
    const host = this.#authority
    return (
      `X-Forwarded-For: ${peer}\r\nX-Real-IP: ${peer}\r\nX-Forwarded-Proto: ${scheme}\r\n` +
      `X-Forwarded-Host: ${host}\r\nForwarded: for=${node};host="${host}";proto=${scheme}\r\n` +
      `Via: ${version} ${this.#via}\r\n`
    )
  }
}

/** In one piece: a text that was put together is kept as its parts, to be put together at each write. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
