import type { Store } from '../../db/open.ts'
import type { IdempotencyRow } from '../../db/queries/idempotency.ts'
import type { Claim } from '../core/claim.ts'
import { failure } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyRing } from '../ports/key-ring.ts'

export interface OnceDeps {
  readonly store: Store
  readonly clock: Clock
  readonly keyRing: Pick<KeyRing, 'current' | 'mac' | 'open' | 'seal'>
}

/** An answer as it goes out, and goes out again. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface OnceAsked extends Omit<Claim, 'fingerprint' | 'seal'> {
  /** All that makes two requests the same. */
  readonly request: string
  /** SHA-256 of it, by which rows know it that were written before there were keyed digests. */
  readonly plainDigest: string
  /** The answer shows a secret: another key of the same tenant does not get to see it. */
  readonly isSecret: boolean
  /** The answer that an endpoint's output makes. */
  readonly render: (status: number, output: unknown) => Answer
}

export const KEPT_MS = 24 * 60 * 60_000
/** Of one tenant; older ones give way. At the default rates nobody gets there in a minute. */
const MOST_OF_SCOPE = 20_000
/** Of one tenant as well: long answers to every key would fill the disk for all. */
const ANSWER_BYTES_OF_SCOPE = 32 * 1024 * 1024
/** A container with all that a spec may hold can be longer; its repeat is told where to look. */
const LONGEST_BODY = 64 * 1024

/**
 * Carries out a request once (draft-ietf-httpapi-idempotency-key-header). Who is under way is known in
 * memory, since there is never more than one control plane; what was carried out is in the database,
 * written with the intent itself. So a request that a crash cut off before its intent leaves no trace,
 * and is simply carried out by its repeat.
 */
export function onceService({ store, clock, keyRing }: OnceDeps) {
  /** Requests under way, as they were asked. Each is an open request, so the server's bounds are theirs. */
  const running = new Map<string, string>()

  const prints = fingerprints(keyRing)

  const sealed = (asked: OnceAsked, answer: Answer): string | null =>
    answer.body.length > LONGEST_BODY
      ? null
      : keyRing.seal(purposeOf(asked), JSON.stringify(answer))

  async function earlier(asked: OnceAsked): Promise<Answer | undefined> {
    const row = await store.read.idempotency.find(asked.scope, asked.key)
    if (!row || row.createdAt <= clock.now().getTime() - KEPT_MS) return undefined
    const isForeign = asked.isSecret && row.askedBy !== asked.askedBy
    if (!prints.fits(asked, row.fingerprint) || isForeign) throw reused(asked.key)
    if (row.sealedAnswer === null) throw alreadyDone(row)
    // Sealed by `sealed` above, and nothing else opens.
    const answer: Answer = JSON.parse(keyRing.open(purposeOf(asked), row.sealedAnswer))
    return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } }
  }

  async function firstTime(asked: OnceAsked, work: (claim: Claim) => Promise<Answer>) {
    let kept: Answer | undefined
    const { scope, key, askedBy } = asked
    const fingerprint = prints.of(asked)
    const claim: Claim = {
      scope,
      key,
      askedBy,
      fingerprint,
      seal(status, output) {
        kept = asked.render(status, output)
        return sealed(asked, kept)
      },
    }
    const answer = await work(claim)
    if (isFinal(answer.status) && !isSame(kept, answer)) {
      const nowMs = clock.now().getTime()
      const row = claimRow(claim, { target: '-', sealedAnswer: sealed(asked, answer), nowMs })
      await store.writeFor(scope, (q) => q.idempotency.put(row))
    }
    return answer
  }

  return {
    /** Answers what was answered before, or does the work; `work` turns its failures into answers. */
    async run(asked: OnceAsked, work: (claim: Claim) => Promise<Answer>): Promise<Answer> {
      const id = `${asked.scope} ${asked.key}`
      const other = running.get(id)
      if (other !== undefined) throw other === asked.request ? busy() : reused(asked.key)
      running.set(id, asked.request)
      try {
        return (await earlier(asked)) ?? (await firstTime(asked, work))
      } finally {
        running.delete(id)
      }
    },

    /** Forgets what nobody repeats any more. */
    async sweep(): Promise<void> {
      const before = clock.now().getTime() - KEPT_MS
      await store.write(async (q) => {
        await q.idempotency.prune(before)
        await q.idempotency.pruneBeyond({ most: MOST_OF_SCOPE, answerBytes: ANSWER_BYTES_OF_SCOPE })
      })
    },
  }
}
export type OnceService = ReturnType<typeof onceService>

/**
 * A digest without a key would tell whoever has a backup which secret of few a request has set: they can
 * be tried. The number of the root key goes with it, so that a rotation changes nothing for a repeat.
 */
function fingerprints(keyRing: Pick<KeyRing, 'current' | 'mac'>) {
  const under = (rootKey: number, { scope, request }: OnceAsked): string | undefined =>
    keyRing.mac(rootKey, 'idempotent request', `${scope} ${request}`)

  return {
    of(asked: OnceAsked): string {
      const { current } = keyRing
      const print = under(current, asked)
      if (print === undefined) throw new Error(`There is no root key ${current}`)
      return `${current}.${print}`
    },

    fits(asked: OnceAsked, written: string): boolean {
      const [rootKey = '', print] = written.split('.')
      // Until 24 hours after an update there are rows of the form before, whose repeats must be known, too.
      if (print === undefined) return written === asked.plainDigest
      return print === under(Number(rootKey), asked)
    },
  }
}

interface CarriedOut {
  readonly target: string
  readonly sealedAnswer: string | null
  readonly nowMs: number
}

/** The row that belongs into the transaction of a claim's intent. */
export function claimRow(
  claim: Claim,
  { target, sealedAnswer, nowMs }: CarriedOut,
): IdempotencyRow {
  const { scope, key, askedBy, fingerprint } = claim
  return { scope, key, askedBy, fingerprint, target, sealedAnswer, createdAt: nowMs }
}

/** Sealed for one scope and key: a row that is copied to another does not open there. */
const purposeOf = ({ scope, key }: OnceAsked): string => `answer ${scope} ${key}`

/** What may be otherwise at the next try is not kept: who the key is, how much it asks, what is away. */
const isFinal = (status: number): boolean => status < 500 && ![401, 408, 429].includes(status)

const isSame = (one: Answer | undefined, other: Answer): boolean =>
  one?.status === other.status && one.body === other.body

const busy = () =>
  failure('request-running', 'Cannot answer yet: the same request is under way', {
    retryAfterSeconds: 1,
  })

const reused = (key: string) =>
  failure(
    'idempotency-key-reused',
    `Cannot carry out the request: Idempotency-Key "${key}" was sent with another one`,
    { key },
  )

const alreadyDone = ({ target }: IdempotencyRow) =>
  failure(
    'already-done',
    `Cannot answer again: the request was carried out, and its answer is not kept; look at "${target}"`,
    { target },
  )
