import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Challenge } from '../../proxy/core/challenges.ts'
import type {
  Asked,
  Begun,
  Progress,
  PublicAuthority,
  PublicOrder,
  Refusal,
} from '../ports/public-authority.ts'
import { AcmeProblem, AcmeSession, read } from './acme-session.ts'
import { newKey, proofOf, requestOf } from './x509-requests.ts'

/** Which authority, and how we speak with it. */
export interface AcmeSettings {
  readonly directory: string
  readonly email?: string | undefined
  /** A file with what a private authority's own certificate is trusted by, PEM. */
  readonly caFile?: string | undefined
}

/** One step; the process that it runs in may take little longer. */
const STEP_MS = 7_000
const LOOK_AGAIN_MS = 500
const LOOK_AGAIN_MOST_MS = 3_000
/** A challenge is shown no longer, whatever becomes of its order. */
const SHOWN_MS = 60 * 60_000
const SECOND_MS = 1000

const Order = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(z.string()).min(1),
  finalize: z.string(),
  certificate: z.string().optional(),
  error: z.object({ detail: z.string() }).optional(),
})
type Order = z.infer<typeof Order>

const Proof = z.object({
  type: z.string(),
  url: z.string(),
  status: z.string(),
  token: z
    .string()
    .regex(/^[\w-]+$/)
    .optional(),
  error: z.object({ detail: z.string() }).optional(),
})

const Authorization = z.object({
  status: z.string(),
  challenges: z.array(Proof),
})

/** Certificates by ACME (RFC 8555), one host each: what jose signs, and @peculiar/x509 writes. */
export function acmeAuthority(settings: AcmeSettings): PublicAuthority {
  const opened = (account: string): Promise<AcmeSession> => {
    const { directory, email, caFile } = settings
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
    const way = { ca, signal: AbortSignal.timeout(STEP_MS) }
    return AcmeSession.open({ directory, email, account, way })
  }

  return {
    newAccount: newKey,

    begin: (account, asked) =>
      orRefused(async (): Promise<Begun> => {
        const session = await opened(account)
        const identifiers = [{ type: 'dns', value: asked.host }]
        const made = await session.order({ identifiers })
        const { authorizations } = Order.parse(read(made))
        if (made.location === undefined)
          throw new Error('The authority does not say where the order is')
        const shown = await challengeOf(session, authorizations[0] ?? '', asked)
        const order = { host: asked.host, url: made.location, key: await newKey(), ...shown }
        return { kind: 'begun', order }
      }),

    advance: (account, order) =>
      orRefused(async (): Promise<Progress> => advanced(await opened(account), order)),
  }
}

/** Goes on for as long as a step may take. */
async function advanced(session: AcmeSession, order: PublicOrder): Promise<Progress> {
  const until = performance.now() + STEP_MS / 2
  let isTold = false
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after another
    const got = await session.post(order.url)
    const now = Order.parse(read(got))
    if (now.status === 'valid') return issued(session, order, now)
    if (now.status === 'invalid') return refusal(await whyInvalid(session, now))
    if (now.status === 'ready') {
      const csr = (await requestOf(order.host, order.key)).toString('base64url')
      await session.post(now.finalize, { csr })
    } else if (now.status === 'pending' && !isTold) {
      isTold = true
      await tellShown(session, order, now)
    }
    if (performance.now() > until) return { kind: 'waiting' }
    // oxlint-disable-next-line no-await-in-loop -- the authority says how long
    await sleep(Math.min(retryMs(got.retryAfter) || LOOK_AGAIN_MS, LOOK_AGAIN_MOST_MS))
  }
}

/** Once: what has been told before is under way, or over. */
async function tellShown(session: AcmeSession, order: PublicOrder, now: Order): Promise<void> {
  const { challenges } = await authorizationAt(session, now.authorizations[0] ?? '')
  const mine = challenges.find(({ url }) => url === order.challengeUrl)
  if (mine?.status === 'pending') await session.post(order.challengeUrl, {})
}

async function issued(session: AcmeSession, order: PublicOrder, now: Order): Promise<Progress> {
  if (now.certificate === undefined) return refusal('it does not say where the certificate is')
  const { text: chain } = await session.post(now.certificate)
  const certificate = new X509Certificate(chain)
  const isOurs =
    certificate.checkHost(order.host) !== undefined &&
    certificate.checkPrivateKey(createPrivateKey(order.key))
  if (!isOurs) return refusal('the certificate stands for another name or key')
  const [notBefore, notAfter] = [certificate.validFromDate, certificate.validToDate]
  const life = { notBefore: notBefore.getTime(), notAfter: notAfter.getTime() }
  return { kind: 'issued', made: { chain, key: order.key, ...life } }
}

async function whyInvalid(session: AcmeSession, { error, authorizations }: Order): Promise<string> {
  const { challenges } = await authorizationAt(session, authorizations[0] ?? '')
  const failed = challenges.find((one) => one.error !== undefined)
  return failed?.error?.detail ?? error?.detail ?? 'it does not say why'
}

async function authorizationAt(session: AcmeSession, url: string) {
  return Authorization.parse(read(await session.post(url)))
}

async function challengeOf(
  session: AcmeSession,
  url: string,
  { host, method, at }: Asked,
): Promise<Pick<PublicOrder, 'challenge' | 'challengeUrl'>> {
  const { status, challenges } = await authorizationAt(session, url)
  if (status === 'valid') return { challenge: null, challengeUrl: '' }
  const ours = challenges.filter(({ type }) => type === 'http-01' || type === 'tls-alpn-01')
  const chosen = ours.find(({ type }) => type === method) ?? ours[0]
  if (chosen?.token === undefined) {
    throw new AcmeProblem(
      { type: 'about:blank', detail: 'it offers no proof that we can give' },
      undefined,
    )
  }
  const answer = await session.authorize(chosen.token)
  const untilMs = at + SHOWN_MS
  const challenge: Challenge =
    chosen.type === 'http-01'
      ? { kind: 'http-01', host, token: chosen.token, answer, untilMs }
      : { kind: 'tls-alpn-01', host, ...(await proofOf(host, answer, at)), untilMs }
  return { challenge, challengeUrl: chosen.url }
}

const refusal = (reason: string, over: Partial<Refusal> = {}): Refusal => ({
  kind: 'refused',
  reason,
  isRateLimited: false,
  retryAfterMs: 0,
  ...over,
})

/** What the authority says no to is an answer; what keeps us from it is thrown. */
async function orRefused<T>(step: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof AcmeProblem)) throw error
    return refusal(error.message, {
      isRateLimited: error.type === 'urn:ietf:params:acme:error:rateLimited',
      retryAfterMs: retryMs(error.retryAfter),
    })
  }
}

/** In seconds, or as a date (RFC 9110 §10.2.3). */
function retryMs(field: string | undefined): number {
  if (field === undefined) return 0
  const ms = /^\d+$/.test(field) ? Number(field) * SECOND_MS : Date.parse(field) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}
