/** Credit that each side has of a stream from its beginning: part of the protocol. */
export const FIRST_WINDOW_BYTES = 64 * 1024

/** A stream that needs more gets up to this much, where the pool has it. */
const MOST_WINDOW_BYTES = 1024 * 1024

/** What all windows of a process may have together, beyond what each has from its beginning. */
export class WindowPool {
  #leftBytes: number

  constructor(bytes: number) {
    this.#leftBytes = bytes
  }

  get leftBytes(): number {
    return this.#leftBytes
  }

  take(bytes: number): boolean {
    if (bytes > this.#leftBytes) return false
    this.#leftBytes -= bytes
    return true
  }

  give(bytes: number): void {
    this.#leftBytes += bytes
  }
}

/**
 * How much the peer may send of one stream. It begins small, since a stream that waits for a slow
 * reader holds all of it, and doubles with each filling that is read to its end.
 */
export class ReceiveWindow {
  readonly #pool: WindowPool
  #sizeBytes = FIRST_WINDOW_BYTES
  /** The peer has credit for so many more. */
  #open = FIRST_WINDOW_BYTES
  #freed = 0
  /** Passed on since the window last grew. */
  #passed = 0

  constructor(pool: WindowPool) {
    this.#pool = pool
  }

  /** False: the peer had no credit for them. */
  took(bytes: number): boolean {
    this.#open -= bytes
    return this.#open >= 0
  }

  /** Answers how much credit is to be given: nothing, until it is worth a frame. */
  consumed(bytes: number): number {
    this.#freed += bytes
    this.#passed += bytes
    if (this.#freed * 2 < this.#sizeBytes) return 0
    const grant = this.#freed + this.#growth()
    this.#freed = 0
    this.#open += grant
    return grant
  }

  close(): void {
    this.#pool.give(this.#sizeBytes - FIRST_WINDOW_BYTES)
    this.#sizeBytes = FIRST_WINDOW_BYTES
  }

  #growth(): number {
    const more = Math.min(this.#sizeBytes, MOST_WINDOW_BYTES - this.#sizeBytes)
    if (more <= 0 || this.#passed < this.#sizeBytes || !this.#pool.take(more)) return 0
    this.#sizeBytes += more
    this.#passed = 0
    return more
  }
}
