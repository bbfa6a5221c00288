import type { Client, Transaction } from '@libsql/client'

/** A server says nothing for longer than that only while it hangs: its answers are small and it is near. */
export const ANSWER_MS = 5_000
/** The schema of a large database is brought up to date by one statement. */
const START_MS = 10 * 60_000

/** How long a server is waited for: at the start nobody else waits, later every request does. */
export interface Patience {
  ms: number
}
export const patienceAtStart = (): Patience => ({ ms: START_MS })

/** After the deadline itself, so that it is always that which a caller hears of. */
const CALLED_OFF_AFTER_MS = 1_000

/** Calls off a request that nobody waits for any more, so that its connection does not stay. */
export const fetchInTime =
  (patience: Patience): typeof fetch =>
  (input, init) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(patience.ms + CALLED_OFF_AFTER_MS) })

/**
 * The same client, which fails where the server takes the question and never answers: the client itself
 * would wait for ever, and with it whoever stands in line behind it.
 */
export function answeredInTime(client: Client, patience: Patience): Client {
  const timely = bounded(patience)
  const begin = client.transaction.bind(client)
  const timelyTransaction = async (...mode: []): Promise<Transaction> => {
    const transaction = await timely('begin', () => begin(...mode))
    for (const name of ['batch', 'commit', 'execute', 'executeMultiple', 'rollback'] as const) {
      wrap(transaction, name, timely)
    }
    return transaction
  }
  client.transaction = timelyTransaction
  for (const name of ['batch', 'execute', 'executeMultiple', 'migrate'] as const) {
    wrap(client, name, timely)
  }
  return client
}

type Timely = <T>(what: string, work: () => Promise<T>) => Promise<T>

function wrap<K extends string>(
  target: Record<K, (...work: never[]) => Promise<unknown>>,
  name: K,
  timely: Timely,
): void {
  const call = target[name]
  target[name] = (...work: never[]) => timely(name, () => call.apply(target, work))
}

const bounded =
  (patience: Patience): Timely =>
  async (what, work) => {
    const { promise, reject } = Promise.withResolvers<never>()
    const { ms } = patience
    const timer = setTimeout(() => reject(new NoAnswer(what, ms)), ms)
    try {
      return await Promise.race([work(), promise])
    } catch (error) {
      // What a rollback hears of the request that was called off before it.
      throw isCalledOff(error) ? new NoAnswer(what, ms) : error
    } finally {
      clearTimeout(timer)
    }
  }

export function isUnanswered(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof NoAnswer) return true
  }
  return false
}

const isCalledOff = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'TimeoutError'

/** Known by its code as a sign that the database is away. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly code = 'ETIMEDOUT'

  constructor(what: string, ms: number) {
    super(`The libSQL server has not answered "${what}" within ${ms} ms`)
  }
}
