import type { Measures } from '../../proxy/link.ts'

export interface Row {
  readonly kind: EdgeKind
  readonly tenant: string
  /** `<app>.<tenant>`; '' where it is of none. */
  readonly app: string
  readonly numbers: readonly number[]
  readonly movedAtMs: number
}

type EdgeKind = 'dns' | 'ingress'

/** What a process has said last. Its numbers grow from nothing with each start. */
interface Epoch {
  readonly role: string
  readonly heardAtMs: number
  readonly rows: Readonly<Record<string, readonly number[]>>
  readonly process: Readonly<Record<string, number>>
}

/** All of it, as JSON. */
export interface KeptTotals {
  readonly rows: Readonly<Record<string, Row>>
  readonly epochs: Readonly<Record<string, Epoch>>
  /** Sums by role, over all its processes so far. */
  readonly roles: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export const NO_TOTALS: KeptTotals = { rows: {}, epochs: {}, roles: {} }

/** Of what a process says of itself, these are the state of the moment; the others only grow. */
const MOMENTARY: Readonly<Record<EdgeKind, readonly string[]>> = {
  dns: ['connections', 'inFlight', 'cacheAnswers', 'cacheBytes', 'down', 'looping'],
  ingress: ['open', 'held', 'tunnels'],
}

const kindOf = (role: string): EdgeKind => (role === 'dns' ? 'dns' : 'ingress')

const isMomentary = (role: string, name: string): boolean => MOMENTARY[kindOf(role)].includes(name)

/** A process that was not heard for so long has ended, and what it has counted stays in the sums. */
const EPOCH_MS = 10 * 60_000
/** What has not moved for so long is shown no more. Whatever moves again begins from nothing. */
const IDLE_MS = 24 * 60 * 60_000
const ROWS_MOST = 20_000

/**
 * Sums over processes that come and go. Each says what it has counted since its own start, so what it adds is
 * the difference to what it has said before; so the sums never go down, whoever is started anew.
 */
export class EdgeTotals {
  readonly #rows: Map<string, Row>
  readonly #epochs: Map<string, Epoch>
  readonly #roles: Map<string, Readonly<Record<string, number>>>

  constructor({ rows, epochs, roles }: KeptTotals) {
    this.#rows = new Map(Object.entries(rows))
    this.#epochs = new Map(Object.entries(epochs))
    this.#roles = new Map(Object.entries(roles))
  }

  add({ role, epoch, process, series }: Measures, nowMs: number): void {
    const kind = kindOf(role)
    const name = `${role} ${epoch}`
    const before = this.#epochs.get(name)
    const rows: Record<string, readonly number[]> = { ...before?.rows }
    for (const { tenant, app, numbers } of series) {
      const key = `${kind} ${tenant} ${app}`
      const row = this.#rows.get(key)
      const sums = added(row?.numbers ?? [], numbers, rows[key] ?? [])
      this.#rows.set(key, { kind, tenant, app, numbers: sums, movedAtMs: nowMs })
      rows[key] = numbers
    }
    const sums = { ...this.#roles.get(role) }
    for (const [each, value] of Object.entries(process)) {
      if (isMomentary(role, each)) continue
      sums[each] = (sums[each] ?? 0) + grown(value, before?.process[each] ?? 0)
    }
    this.#roles.set(role, sums)
    this.#epochs.set(name, { role, heardAtMs: nowMs, rows, process })
  }

  /**
   * Forgets processes that have ended, what has not moved for long, and tenants that are no more: another may
   * get the name.
   */
  sweep(nowMs: number, isKnown: (tenant: string) => boolean): void {
    for (const [name, { heardAtMs }] of this.#epochs) {
      if (nowMs - heardAtMs > EPOCH_MS) this.#epochs.delete(name)
    }
    const oldestFirst = [...this.#rows].toSorted(([, a], [, b]) => a.movedAtMs - b.movedAtMs)
    for (const [i, [key, { movedAtMs, tenant }]] of oldestFirst.entries()) {
      const isOneTooMany = oldestFirst.length - i > ROWS_MOST
      const isOld = nowMs - movedAtMs > IDLE_MS
      if (isOneTooMany || isOld || !isKnown(tenant)) this.#rows.delete(key)
    }
  }

  rows(kind: EdgeKind): readonly Row[] {
    return [...this.#rows.values()].filter((row) => row.kind === kind)
  }

  /** By role: the sums, and of those who were heard since then the state of the moment. */
  roles(sinceMs: number): readonly RoleTotals[] {
    return [...this.#roles].map(([role, sums]) => {
      const living = [...this.#epochs.values()].filter(
        (one) => one.role === role && one.heardAtMs >= sinceMs,
      )
      const now: Record<string, number> = {}
      for (const { process } of living) {
        for (const [name, value] of Object.entries(process)) {
          if (isMomentary(role, name)) now[name] = (now[name] ?? 0) + value
        }
      }
      return { role, processes: living.length, sums, now }
    })
  }

  kept(): KeptTotals {
    return {
      rows: Object.fromEntries(this.#rows),
      epochs: Object.fromEntries(this.#epochs),
      roles: Object.fromEntries(this.#roles),
    }
  }
}

export interface RoleTotals {
  readonly role: string
  /** How many there are, those that drain among them. */
  readonly processes: number
  readonly sums: Readonly<Record<string, number>>
  readonly now: Readonly<Record<string, number>>
}

/** A number that is smaller than before has begun anew. */
const grown = (now: number, before: number): number => (now >= before ? now - before : now)

function added(
  sums: readonly number[],
  numbers: readonly number[],
  before: readonly number[],
): readonly number[] {
  const isAnew = numbers.some((number, i) => number < (before[i] ?? 0))
  return numbers.map((number, i) => (sums[i] ?? 0) + number - (isAnew ? 0 : (before[i] ?? 0)))
}
