import type { Queries, Store } from '../../db/open.ts'
import type { PublicCertificateRow } from '../../db/queries/public-certificates.ts'
import { restMs } from '../core/acme-schedule.ts'
import type { CustomHost } from '../core/custom-host.ts'
import type { NewEvent } from '../core/event.ts'
import type { Log } from '../log.ts'
import type { KeyPair } from '../ports/certificate-authority.ts'
import type { ChallengeEdge } from '../ports/challenge-edge.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { PublicAuthority, PublicOrder, Refusal } from '../ports/public-authority.ts'

export interface OrderDeps {
  readonly store: Store
  readonly keyRing: Pick<KeyRing, 'open' | 'seal'>
  readonly authority: PublicAuthority
  /** Address of its directory: an account is of one authority. */
  readonly directory: string
  readonly edge: ChallengeEdge
  readonly clock: Clock
  readonly log: Log
  readonly record: (q: Queries, event: NewEvent) => Promise<void>
  /** There is a new certificate for the edge. */
  readonly changed: () => void
}

/** Workers that have not confirmed by then are not waited for: the authority asks one of them. */
const SHOWN_MS = 5_000
/** An order that has come to nothing by then is given up. */
const ORDER_MS = 10 * 60_000
/** After what kept us from the authority, such as a network that is down. */
const AWAY_REST_MS = 60_000
/** So often in one go an order is looked at, some seconds each time; then it is another host's turn. */
const LOOKS_MOST = 20

const purposeOf = (host: string): string => `public certificate of ${host}`
const orderPurposeOf = (host: string): string => `order of a certificate of ${host}`
const accountPurposeOf = (directory: string): string => `account at ${directory}`

/** The private key of a row that has a certificate. */
export function publicKeyOf(
  keyRing: Pick<KeyRing, 'open'>,
  { host, sealedKey }: PublicCertificateRow,
): string {
  return keyRing.open(purposeOf(host), sealedKey ?? '')
}

export const rowOf = (host: string): PublicCertificateRow => ({
  host,
  certificate: null,
  sealedKey: null,
  notBefore: null,
  notAfter: null,
  sealedOrder: null,
  orderedAt: null,
  failures: 0,
  nextAt: 0,
})

/** One host's way from nothing, or from what a former life has begun, to its certificate. */
export function publicOrders(deps: OrderDeps, rest: (untilMs: number) => void) {
  const { store, keyRing, authority, edge, clock, log } = deps
  const { issued, failed } = outcomes(deps, rest)
  const now = (): number => clock.now().getTime()

  async function account(): Promise<string> {
    const purpose = accountPurposeOf(deps.directory)
    const known = await store.read.publicCertificates.account(deps.directory)
    if (known !== undefined) return keyRing.open(purpose, known)
    const made = await authority.newAccount()
    const sealed = keyRing.seal(purpose, made)
    await store.write((q) => q.publicCertificates.addAccount(deps.directory, sealed))
    return made
  }

  async function begin(of: CustomHost, row: PublicCertificateRow) {
    const { host } = of
    // What has failed in one way may go in the other, where a port is closed or another stands in front.
    const method = row.failures % 2 === 0 ? 'http-01' : 'tls-alpn-01'
    const begun = await authority.begin(await account(), { host, method, at: now() })
    if (begun.kind === 'refused') {
      await failed(of, row, begun)
      return undefined
    }
    const sealedOrder = keyRing.seal(orderPurposeOf(host), JSON.stringify(begun.order))
    const next = { ...row, sealedOrder, orderedAt: now() }
    await store.write((q) => q.publicCertificates.put(next))
    return next
  }

  async function advance(of: CustomHost, row: PublicCertificateRow): Promise<void> {
    const text = keyRing.open(orderPurposeOf(of.host), row.sealedOrder ?? '')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sealed by ourselves alone
    const order = JSON.parse(text) as PublicOrder
    if (order.challenge !== null) await show(order)
    const key = await account()
    for (let looks = 0; looks < LOOKS_MOST; looks++) {
      // oxlint-disable-next-line no-await-in-loop -- one look after another
      const progress = await authority.advance(key, order)
      if (progress.kind === 'issued') return issued(of, row, progress.made)
      if (progress.kind === 'refused') return failed(of, row, progress)
      if (now() - (row.orderedAt ?? 0) > ORDER_MS) break
    }
    if (now() - (row.orderedAt ?? 0) > ORDER_MS) await failed(of, row, TOO_SLOW)
  }

  /** To every worker, before the authority is told. */
  async function show({ host, challenge }: PublicOrder): Promise<void> {
    if (challenge === null) return
    await edge
      .challenge([challenge], AbortSignal.timeout(SHOWN_MS))
      .catch((error: unknown) => log('warn', 'Not every worker shows a challenge', { host, error }))
  }

  return {
    async work(of: CustomHost, row: PublicCertificateRow): Promise<void> {
      try {
        const ordered = row.sealedOrder === null ? await begin(of, row) : row
        if (ordered) await advance(of, ordered)
      } catch (error) {
        rest(now() + AWAY_REST_MS)
        log('warn', 'Cannot go on with a certificate', { host: of.host, error })
      }
    },
  }
}

/** What is written down at the end of an order, and told. */
function outcomes(deps: OrderDeps, rest: (untilMs: number) => void) {
  const { store, keyRing, edge, clock } = deps

  async function issued(of: CustomHost, row: PublicCertificateRow, made: KeyPair): Promise<void> {
    const { host } = of
    const next: PublicCertificateRow = {
      ...rowOf(host),
      certificate: made.chain,
      sealedKey: keyRing.seal(purposeOf(host), made.key),
      notBefore: made.notBefore,
      notAfter: made.notAfter,
    }
    const until = new Date(made.notAfter).toISOString()
    const what = row.certificate === null ? 'issued' : 'renewed'
    await store.write(async (q) => {
      await q.publicCertificates.put(next)
      const message = `The certificate of ${host} was ${what}; it is good until ${until}`
      await deps.record(q, eventOf(of, { action: 'certificate.issued', level: 'info', message }))
    })
    deps.changed()
    await hide()
  }

  /** Those who have not heard of it forget it by themselves after a while. */
  async function hide(): Promise<void> {
    await edge.challenge([], AbortSignal.timeout(SHOWN_MS)).catch(() => undefined)
  }

  async function failed(of: CustomHost, row: PublicCertificateRow, why: Refusal): Promise<void> {
    const failures = row.failures + 1
    const nextAt = clock.now().getTime() + restMs(failures, why.retryAfterMs)
    if (why.isRateLimited) rest(nextAt)
    const message = `The certificate of ${of.host} was refused: ${why.reason}`
    await store.write(async (q) => {
      const next = { ...row, sealedOrder: null, orderedAt: null, failures, nextAt }
      await q.publicCertificates.put(next)
      const details = { failures, nextAt: new Date(nextAt).toISOString() }
      const action = 'certificate.failed'
      await deps.record(q, eventOf(of, { action, level: 'warning', message, details }))
    })
    await hide()
  }

  return { issued, failed }
}

const TOO_SLOW: Refusal = {
  kind: 'refused',
  reason: 'the authority has not decided in time',
  isRateLimited: false,
  retryAfterMs: 0,
}

type Told = Pick<NewEvent, 'action' | 'details' | 'level' | 'message'>
const eventOf = ({ host, tenantId }: CustomHost, told: Told): NewEvent => ({
  tenantId,
  target: { kind: 'certificate', id: host, name: host },
  ...told,
})
