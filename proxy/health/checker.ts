import { turns } from '../../src/core/turns.ts'
import type { Log } from '../../src/log.ts'
import { observed, pauseMs, reportOf, unknownHealth, type Health } from '../core/health.ts'
import type { HealthReport, Member, MemberCheck, RouteTable } from '../core/route-table.ts'
import { probe as realProbe, type Probe } from './probe.ts'

/** Sockets open at once for looking, however many containers there are. */
const PROBES_MAX = 64
/** Of them for one tenant: apps of its own that hang hold up nobody else's. */
const PROBES_OF_TENANT = 8

export interface CheckerDeps {
  readonly log: Log
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly probe?: Probe
  readonly after?: After
}

/** Runs something later; the answer takes that back. */
type After = (ms: number, run: () => void) => () => void

type HealthListener = (changed: readonly HealthReport[]) => void

export interface HealthChecker {
  /** Probes the table's running members that have a check, from now on. */
  update(table: RouteTable): void
  /** Everything known. */
  reports(): HealthReport[]
  /** Told each time that a verdict is found or turns. The answer ends that. */
  onChange(listener: HealthListener): () => void
  close(): void
}

/** One run of one container under observation. */
interface Watch {
  readonly member: Member
  readonly check: MemberCheck
  readonly ended: AbortController
  health: Health
  /** Takes back whatever comes next: the timer, or the place in the queue. */
  cancel: () => void
}

/** Looks at containers again and again, from the moment their process runs until they leave. */
export function healthChecker(deps: CheckerDeps): HealthChecker {
  const watches = new Map<string, Watch>()
  const listeners = new Set<HealthListener>()
  const look = looking(deps, (watch) => {
    for (const report of reported(watch)) for (const tell of listeners) tell([report])
  })

  function end(watch: Watch): void {
    watches.delete(watch.member.id)
    watch.cancel()
    watch.ended.abort()
  }

  function watchOver(member: Member, check: MemberCheck): void {
    const known = watches.get(member.id)
    if (known !== undefined && isSame(known, member, check)) return
    if (known !== undefined) end(known)
    // A changed check of the same process starts from what the old one knew, or each change of a
    // period would take the container out of service.
    const health = known?.member.run === member.run ? known.health : unknownHealth(deps.now())
    const ended = new AbortController()
    const watch: Watch = { member, check, health, ended, cancel: () => undefined }
    watches.set(member.id, watch)
    look(watch)
  }

  return {
    update({ members }) {
      const kept = new Set<string>()
      for (const member of members) {
        if (member.state !== 'running' || member.check === null) continue
        kept.add(member.id)
        watchOver(member, member.check)
      }
      for (const [id, watch] of watches) if (!kept.has(id)) end(watch)
    },
    reports: () => [...watches.values()].flatMap(reported),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      for (const watch of watches.values()) end(watch)
      listeners.clear()
    },
  }
}

/** Probes a watch until it ends, and calls `turned` when its verdict is another one. */
function looking(
  { log, now, probe = realProbe, after = afterMs }: CheckerDeps,
  turned: (watch: Watch) => void,
): (watch: Watch) => void {
  // First come, first served: whoever is due waits for those before it, and no longer.
  const queue = turns(PROBES_MAX, PROBES_OF_TENANT)

  function look(watch: Watch): void {
    watch.cancel = queue.enter(watch.member.tenant, () => lookOnce(watch))
  }

  async function lookOnce(watch: Watch): Promise<void> {
    const { member, check, ended } = watch
    const finding = await probe({ address: member.address, check }, ended.signal)
    if (ended.signal.aborted) return
    const before = watch.health
    watch.health = observed(before, check, { ...finding, now: now() })
    const pause = pauseMs(watch.health, check, { now: now(), id: member.id })
    watch.cancel = after(pause, () => look(watch))
    if (watch.health.verdict === before.verdict) return
    const { id, tenant, name, run } = member
    const { verdict, reason } = watch.health
    log('info', `Container is ${verdict}: ${reason}`, { id, tenant, name, run })
    turned(watch)
  }

  return look
}

function reported({ member, health }: Watch): HealthReport[] {
  const report = reportOf(member, health)
  return report === null ? [] : [report]
}

function isSame({ member, check }: Watch, other: Member, otherCheck: MemberCheck): boolean {
  return (
    member.run === other.run &&
    member.address === other.address &&
    JSON.stringify(check) === JSON.stringify(otherCheck)
  )
}

const afterMs: After = (ms, run) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}
