import { PLATFORM } from '../../src/core/actor.ts'
import { answering, TENANTS, type ClientDeps } from './clients.ts'
import type { Running } from './land.ts'

/** What a tenant can be meant to be: both where an answer was lost, or two asked at once. */
interface Life {
  possible: ReadonlySet<boolean>
  underWay: number
}

/** The only one that is ever deleted. */
const DOOMED = 'corp'
const WEIGHTS = { suspend: 6, resume: 9, delete: 3 } as const

/** Those of the platform, who suspend tenants, resume them, and may delete one. */
export function operators({ random, say, now }: ClientDeps) {
  const suspended = new Map(
    TENANTS.map((slug): [string, Life] => [slug, { possible: new Set([false]), underWay: 0 }]),
  )
  const doomed = new Set<string>()
  const operations: { readonly id: string }[] = []
  const broken: string[] = []
  const answered = answering(broken, say)

  async function change(slug: string, verb: 'resume' | 'suspend', { control }: Running) {
    const life = suspended.get(slug)
    if (!life) return
    const isToBe = verb === 'suspend'
    life.possible = new Set([...life.possible, isToBe])
    life.underWay++
    const { tenants } = control
    const work = isToBe ? tenants.suspend(slug, {}, PLATFORM) : tenants.resume(slug, PLATFORM)
    const done = await answered(`${verb} ${slug}`, work)
    life.underWay--
    if (!done) return
    operations.push(done.operation)
    if (life.underWay === 0) life.possible = new Set([isToBe])
  }

  async function doom({ control }: Running): Promise<void> {
    doomed.add(DOOMED)
    const work = control.tenants.delete(DOOMED, PLATFORM, { cascade: true, dryRun: false })
    const done = await answered(`delete ${DOOMED}`, work)
    if (done?.operation) operations.push(done.operation)
  }

  return {
    suspended,
    doomed,
    operations,
    broken,
    /** Somebody does something; whether and when it is answered shows later. */
    act(): void {
      const running = now()
      if (!running) return
      const verb = random.weighted(WEIGHTS)
      const slug = random.oneOf(TENANTS) ?? DOOMED
      void (verb === 'delete' ? doom(running) : change(slug, verb, running))
    },
    /** Whoever waited for an answer of a control plane that died will never have it. */
    cutOff(): void {
      for (const life of suspended.values()) life.underWay = 0
    },
    /** A deletion that was asked for is asked for until it is answered. */
    repeat(): void {
      const running = now()
      if (running && doomed.size > 0) void doom(running)
    },
  }
}
export type Operators = ReturnType<typeof operators>
