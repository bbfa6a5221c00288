/** How much each of many has of what there is only so much of, so that none has it all. */
export class Shares {
  readonly #most: number
  readonly #taken = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** False: it has as much as it may. */
  take(key: string): boolean {
    const taken = this.#taken.get(key) ?? 0
    if (taken >= this.#most) return false
    this.#taken.set(key, taken + 1)
    return true
  }

  give(key: string): void {
    const taken = this.#taken.get(key) ?? 0
    if (taken > 1) this.#taken.set(key, taken - 1)
    else this.#taken.delete(key)
  }

  /** How many have anything. */
  get size(): number {
    return this.#taken.size
  }
}

/** What one request has of a tenant's share: once for all its tries. */
export class Share {
  readonly #shares: Shares
  #of: string | null = null

  constructor(shares: Shares) {
    this.#shares = shares
  }

  /** False: the tenant has as much as it may. */
  take(tenant: string): boolean {
    if (this.#of !== null) return true
    if (!this.#shares.take(tenant)) return false
    this.#of = tenant
    return true
  }

  give(): void {
    if (this.#of !== null) this.#shares.give(this.#of)
    this.#of = null
  }
}
