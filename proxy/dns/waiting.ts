import type { Answer } from '../core/dns-answer.ts'
import type { Place } from '../core/dns-cache.ts'

/** The answer, or null: nobody could be asked. */
export type Done = (answer: Answer | null) => void

interface WaitingLimits {
  readonly inFlight: number
  readonly perClient: number
}

/** Who waits for the answer to which question. Equal questions of a view wait for the same one. */
export class Waiting {
  readonly #limits: WaitingLimits
  readonly #pending = new Map<string, Done[]>()
  readonly #clients = new Map<string, number>()

  constructor(limits: WaitingLimits) {
    this.#limits = limits
  }

  /** Questions under way. */
  size(): number {
    return this.#pending.size
  }

  has(place: Place): boolean {
    return this.#pending.has(textOf(place))
  }

  /** False: there is no room for one more, of all or of this client. Then it is not told anything. */
  join(place: Place, client: string, done: Done): boolean {
    const key = textOf(place)
    const others = this.#pending.get(key)
    const mine = this.#clients.get(client) ?? 0
    if (mine >= this.#limits.perClient) return false
    if (others === undefined && this.#pending.size >= this.#limits.inFlight) return false
    this.#clients.set(client, mine + 1)
    const finish: Done = (answer) => {
      this.#leave(client)
      done(answer)
    }
    if (others === undefined) this.#pending.set(key, [finish])
    else others.push(finish)
    return true
  }

  /** Tells everybody who waits for it, once. */
  tell(place: Place, answer: Answer | null): void {
    const key = textOf(place)
    const finishers = this.#pending.get(key) ?? []
    this.#pending.delete(key)
    for (const finish of finishers) finish(answer)
  }

  #leave(client: string): void {
    const left = (this.#clients.get(client) ?? 1) - 1
    if (left > 0) this.#clients.set(client, left)
    else this.#clients.delete(client)
  }
}

const textOf = ({ view, key }: Place): string => `${view}\n${key}`
