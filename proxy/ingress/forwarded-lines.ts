import { Buffer } from 'node:buffer'
import { ipv4 } from '../core/dns-address.ts'
import { toldBy } from '../core/forwarded-chain.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { IpRange } from '../../src/core/ip-address.ts'

/** What is the same for all requests of a connection. */
interface Origin {
  /** The address that the connection is from. */
  readonly peer: string
  readonly scheme: 'http' | 'https'
  readonly isHttp2: boolean
  /** Whose word on the client is believed; null: the peer is none of them. */
  readonly trusted: readonly IpRange[] | null
}

/** Who asks. */
export interface Sender {
  readonly peer: string
  /** The same as a number; null where it is no IPv4 address. */
  readonly peerNumber: number | null
  readonly scheme: 'http' | 'https'
  /** Addresses on the way here, the client's first. */
  readonly chain: readonly string[]
}

interface Shape {
  readonly requestId: string
  /** Our name for others to recognise. */
  readonly via: string
  readonly sender: Sender
}

/**
 * Who asks, told to the member. Whatever peers say about it themselves has been dropped, unless the operator
 * trusts them, and these lines are the whole truth (RFC 7239 for Forwarded, RFC 9110 §7.6.3 for Via).
 */
export class ForwardedLines {
  readonly #origin: Origin
  /** The peer itself: the sender of all its requests, unless it is trusted and names another. */
  readonly #itself: Sender
  #authority = ''
  #via = ''
  #minor = -1
  #sender: Sender | null = null
  /** What precedes the id of the request, which is mostly that of the request before. */
  #lines = ''

  constructor(origin: Origin) {
    const { peer, scheme } = origin
    this.#origin = origin
    this.#itself = { peer, peerNumber: ipv4(peer), scheme, chain: [peer] }
  }

  senderOf(head: RequestHead): Sender {
    const { trusted, peer, scheme } = this.#origin
    if (trusted === null) return this.#itself
    const told = toldBy(head, trusted)
    const [client] = told.chain
    if (client === undefined) return { ...this.#itself, scheme: told.scheme ?? scheme }
    return {
      peer: client,
      peerNumber: ipv4(client),
      scheme: told.scheme ?? scheme,
      chain: [...told.chain, peer],
    }
  }

  /** Whole lines for one request. */
  of({ line, meaning }: RequestHead, { requestId, via, sender }: Shape): string {
    const { authority } = meaning
    const isSame = sender === this.#sender && authority === this.#authority
    if (!isSame || via !== this.#via || line.minor !== this.#minor) {
      this.#authority = authority
      this.#via = via
      this.#minor = line.minor
      this.#sender = sender
      this.#lines = flat(this.#made(sender))
    }
    return `${this.#lines}X-Request-Id: ${requestId}\r\n`
  }

  #made({ peer, scheme, chain }: Sender): string {
    const version = this.#origin.isHttp2 ? '2.0' : `1.${this.#minor}`
    const host = this.#authority
    const [first = '', ...others] = chain.map((one) => `for=${nodeOf(one)}`)
    const forwarded = [`${first};host="${host}";proto=${scheme}`, ...others].join(', ')
    return (
      `X-Forwarded-For: ${chain.join(', ')}\r\nX-Real-IP: ${peer}\r\n` +
      `X-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: ${host}\r\n` +
      `Forwarded: ${forwarded}\r\nVia: ${version} ${this.#via}\r\n`
    )
  }
}

const nodeOf = (address: string): string => (address.includes(':') ? `"[${address}]"` : address)

/** In one piece: a text that was put together is kept as its parts, to be put together at each write. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
