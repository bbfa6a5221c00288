import type { HealthReport, Member, RouteTable } from '../../proxy/core/route-table.ts'
import type { Edge } from '../../src/ports/edge.ts'

/** The edge as the control plane sees it: serves each table at once, finds everything healthy. */
export class FakeEdge implements Edge {
  readonly tables: RouteTable[] = []
  readonly #listeners: ((reports: readonly HealthReport[]) => void)[] = []
  readonly #health = new Map<string, HealthReport>()
  readonly #waiting = new Set<() => void>()
  #acknowledged: RouteTable | undefined
  /** False: it takes tables, and confirms none. */
  answers = true
  /** What its health checks find; undefined: not known yet. */
  find: (member: Member) => { healthy: boolean; reason: string } | undefined = () => ({
    healthy: true,
    reason: 'ok',
  })

  publish(table: RouteTable): number {
    this.tables.push(table)
    this.look()
    return table.version
  }

  /** Does what it would do in time: confirms the newest table, and checks its members. */
  look(): void {
    if (this.answers) this.#acknowledged = this.tables.at(-1)
    const fresh = (this.tables.at(-1)?.members ?? []).flatMap((member) => this.#reportOf(member))
    for (const report of fresh) this.#health.set(report.id, report)
    for (const wake of this.#waiting) wake()
    if (fresh.length === 0) return
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener(fresh)
    })
  }

  #reportOf(member: Member): HealthReport[] {
    const { id, run, state, check } = member
    const old = this.#health.get(id)
    const found = state === 'running' && check ? this.find(member) : undefined
    if (!found || (old?.run === run && old.healthy === found.healthy)) return []
    return [{ id, run, ...found }]
  }

  acknowledged(version: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        this.#waiting.delete(look)
        signal.removeEventListener('abort', look)
        finish()
      }
      const look = (): void => {
        if ((this.#acknowledged?.version ?? -1) >= version) end(resolve)
        else if (signal.aborted) end(() => reject(new Error('The edge has not confirmed in time')))
      }
      this.#waiting.add(look)
      signal.addEventListener('abort', look)
      look()
    })
  }

  /** Whether the edge has confirmed a table that names this container. */
  knows(id: string): boolean {
    return this.#acknowledged?.members.some((member) => member.id === id) ?? false
  }

  /** What the edge does with a container at the moment. */
  member(id: string): Member | undefined {
    return this.tables.at(-1)?.members.find((member) => member.id === id)
  }

  // Passed on as bare functions, too.
  health = (containerId: string): HealthReport | undefined => this.#health.get(containerId)
  isUp = (): boolean => this.answers

  onHealth(listener: (reports: readonly HealthReport[]) => void): void {
    this.#listeners.push(listener)
  }
}
