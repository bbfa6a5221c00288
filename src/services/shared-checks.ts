import { turns } from '../core/turns.ts'

/** Walks along a whole chain give way to others after each batch; more of them at once would not. */
const MOST_AT_ONCE = 2
const MOST_OF_CHAIN = 1

interface Shared<T> {
  readonly answer: Promise<T>
  readonly stop: AbortController
  waiting: number
}

interface Check {
  readonly chain: string
  readonly head?: string | undefined
}

/**
 * Few checks run at once, one of a chain, and who asks what is being answered already gets that answer: so
 * one tenant that asks again and again costs no more than one walk. It ends when nobody waits any more.
 */
export function sharedChecks<T>(check: (asked: Check, signal: AbortSignal) => Promise<T>) {
  const queue = turns(MOST_AT_ONCE, MOST_OF_CHAIN)
  const running = new Map<string, Shared<T>>()

  function begin(asked: Check): Shared<T> {
    const stop = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const leave = queue.enter(asked.chain, () => check(asked, stop.signal).then(resolve, reject))
    const give = (): void => {
      leave()
      reject(stop.signal.reason)
    }
    stop.signal.addEventListener('abort', give, { once: true })
    return { answer: promise, stop, waiting: 0 }
  }

  return async (asked: Check, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted()
    const name = JSON.stringify([asked.chain, asked.head])
    const shared = running.get(name) ?? begin(asked)
    running.set(name, shared)
    shared.waiting++
    try {
      return await whileAsked(shared.answer, signal)
    } finally {
      shared.waiting--
      // The last to leave ends it; after an answer there is nothing left to end.
      if (shared.waiting === 0) {
        running.delete(name)
        shared.stop.abort()
      }
    }
  }
}

/** The answer, or the end of who has asked. */
function whileAsked<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const leave = (): void => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  answer.then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', leave))
}
