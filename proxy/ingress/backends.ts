import type { Member } from '../core/route-table.ts'
import { Backend } from './backend.ts'
import type { BackendDeps } from './backend.ts'

/** The running members of the present table. One that changes its run or address is another one. */
export class Backends {
  readonly #deps: BackendDeps
  readonly #byKey = new Map<string, Backend>()
  #byMember = new Map<Member, Backend>()

  constructor(deps: BackendDeps) {
    this.#deps = deps
  }

  of(member: Member): Backend | undefined {
    return this.#byMember.get(member)
  }

  /** What the health checks say by now. */
  updateHealth(isHealthy: (member: Member) => boolean): void {
    for (const [member, backend] of this.#byMember) backend.reported(isHealthy(member))
  }

  /** How many requests each member is busy with. */
  inFlight(): ReadonlyMap<string, number> {
    return new Map([...this.#byMember].map(([{ id }, { inFlight }]) => [id, inFlight]))
  }

  /** Members that stay keep their connections; the connections of the others end. */
  update(members: readonly Member[]): void {
    const byMember = new Map<Member, Backend>()
    const gone = new Set(this.#byKey.keys())
    for (const member of members) {
      if (member.state === 'running' && member.port !== null) {
        const key = `${member.id} ${member.run} ${member.address}:${member.port} ${member.protocol ?? ''}`
        const backend = this.#byKey.get(key) ?? new Backend(this.#deps, member)
        this.#byKey.set(key, backend)
        byMember.set(member, backend)
        gone.delete(key)
      }
    }
    for (const key of gone) {
      this.#byKey.get(key)?.leave()
      this.#byKey.delete(key)
    }
    this.#byMember = byMember
  }

  sweep(nowMs: number): void {
    for (const backend of this.#byKey.values()) backend.sweep(nowMs)
  }

  close(): void {
    for (const backend of this.#byKey.values()) backend.close()
  }
}
