import { calculateJwkThumbprint, exportJWK, FlattenedSign, importPKCS8, type JWK } from 'jose'
import { z } from 'zod'
import { exchanged, type Got, type Way } from './acme-http.ts'

const ALGORITHM = 'ES256'
/** Of those that an authority says are spent before we knew (RFC 8555 §6.5). */
const NONCES_MOST = 10

const Directory = z.object({
  newNonce: z.string(),
  newAccount: z.string(),
  newOrder: z.string(),
})

const Problem = z.object({
  type: z.string().default('about:blank'),
  detail: z.string().default(''),
})

/** An authority says no, and why (RFC 8555 §6.7). */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem'
  readonly type: string
  readonly retryAfter: string | undefined

  constructor(said: { type: string; detail: string }, retryAfter: string | undefined) {
    super(`${said.type.replace('urn:ietf:params:acme:error:', '')}: ${said.detail}`)
    this.type = said.type
    this.retryAfter = retryAfter
  }
}

interface Opened {
  readonly directory: z.infer<typeof Directory>
  readonly key: CryptoKey
  readonly jwk: JWK
  readonly way: Way
}

export interface SessionOf {
  readonly directory: string
  readonly email: string | undefined
  /** The account's key, PKCS #8. */
  readonly account: string
  readonly way: Way
}

/** Requests that are signed with an account's key, one after the other. */
export class AcmeSession {
  readonly #opened: Opened
  /** Where the account is; empty until it is known. */
  #account = ''
  #nonce: string | undefined

  private constructor(opened: Opened) {
    this.#opened = opened
  }

  /** Makes the account where the authority has none of that key (RFC 8555 §7.3). */
  static async open({ directory, email, account, way }: SessionOf): Promise<AcmeSession> {
    const got = await exchanged({ url: directory, method: 'GET' }, way)
    const key = await importPKCS8(account, ALGORITHM, { extractable: true })
    const { d: _secret, ...jwk } = await exportJWK(key)
    const session = new AcmeSession({ directory: Directory.parse(read(got)), key, jwk, way })
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] }
    const wanted = { termsOfServiceAgreed: true, ...contact }
    const { location } = await session.post(session.#opened.directory.newAccount, wanted)
    if (location === undefined) throw new Error('The authority does not say where the account is')
    session.#account = location
    return session
  }

  /** What shows that this account may have a certificate (RFC 8555 §8.1). */
  async authorize(token: string): Promise<string> {
    return `${token}.${await calculateJwkThumbprint(this.#opened.jwk, 'sha256')}`
  }

  order(payload: object): Promise<Got> {
    return this.post(this.#opened.directory.newOrder, payload)
  }

  /** Without a payload it only asks how things are (RFC 8555 §6.3). */
  async post(url: string, payload?: object): Promise<Got> {
    const text = payload === undefined ? '' : JSON.stringify(payload)
    for (let tries = 1; ; tries++) {
      // oxlint-disable-next-line no-await-in-loop -- each answer brings the nonce of the next request
      const got = await this.#send(url, text)
      this.#nonce = got.nonce
      if (got.status < 400) return got
      const problem = problemOf(got)
      const isStale = problem.type === 'urn:ietf:params:acme:error:badNonce'
      if (!isStale || tries >= NONCES_MOST) throw problem
    }
  }

  async #send(url: string, text: string): Promise<Got> {
    const { jwk, key, way } = this.#opened
    const nonce = this.#nonce ?? (await this.#newNonce())
    const who = this.#account === '' ? { jwk } : { kid: this.#account }
    const signed = await new FlattenedSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: ALGORITHM, nonce, url, ...who })
      .sign(key)
    return exchanged({ url, method: 'POST', content: JSON.stringify(signed) }, way)
  }

  async #newNonce(): Promise<string> {
    const { directory, way } = this.#opened
    const { nonce } = await exchanged({ url: directory.newNonce, method: 'HEAD' }, way)
    if (nonce === undefined) throw new Error('The authority gives no nonce')
    return nonce
  }
}

/** What is said in JSON. */
export const read = ({ status, text }: Got): unknown => {
  if (status >= 400) throw new Error(`The authority answers ${status}`)
  return JSON.parse(text)
}

function problemOf({ status, text, retryAfter }: Got): AcmeProblem {
  const parsed = Problem.safeParse(jsonIn(text))
  const said = parsed.success ? parsed.data : { type: 'about:blank', detail: `status ${status}` }
  return new AcmeProblem(said, retryAfter)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
