/** What shows an authority that a host is ours (RFC 8555 §8): asked for over HTTP, or in a handshake of TLS. */
export type Challenge = HttpChallenge | TlsChallenge

export interface HttpChallenge {
  readonly kind: 'http-01'
  /** In lower case. */
  readonly host: string
  readonly token: string
  /** The key authorization, which is the whole answer (RFC 8555 §8.3). */
  readonly answer: string
  /** Milliseconds since 1970: after that it counts no more, whoever forgets to take it away. */
  readonly untilMs: number
}

export interface TlsChallenge {
  readonly kind: 'tls-alpn-01'
  readonly host: string
  /** The certificate that says so, signed by itself, and its key (RFC 8737 §3). PEM. */
  readonly chain: string
  readonly key: string
  readonly untilMs: number
}

/** The protocol of handshakes that are made for their certificate alone (RFC 8737 §6.2). */
export const ACME_PROTOCOL = 'acme-tls/1'

/** More than the control plane has under way at a time. */
const MOST = 100
const FOLDER = '/.well-known/acme-challenge/'

/** What is to be shown at present. */
export class Challenges {
  #answers: ReadonlyMap<string, HttpChallenge> = new Map()
  #certificates: ReadonlyMap<string, TlsChallenge> = new Map()

  /** In place of all before. */
  replace(all: readonly Challenge[]): void {
    const few = all.slice(0, MOST)
    const answers = few.filter((one) => one.kind === 'http-01')
    const certificates = few.filter((one) => one.kind === 'tls-alpn-01')
    this.#answers = new Map(answers.map((one) => [`${one.host} ${one.token}`, one]))
    this.#certificates = new Map(certificates.map((one) => [one.host, one]))
  }

  get isEmpty(): boolean {
    return this.#answers.size === 0
  }

  /** The answer at that path of a host; undefined: it is none of these, and an app may know it. */
  answer(host: string, target: string, nowMs: number): string | undefined {
    if (!target.startsWith(FOLDER)) return undefined
    const known = this.#answers.get(`${host} ${target.slice(FOLDER.length)}`)
    return known !== undefined && nowMs < known.untilMs ? known.answer : undefined
  }

  certificate(host: string, nowMs: number): TlsChallenge | undefined {
    const known = this.#certificates.get(host)
    return known !== undefined && nowMs < known.untilMs ? known : undefined
  }
}
