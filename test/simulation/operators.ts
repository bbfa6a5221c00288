import { PLATFORM } from '../../src/core/actor.ts'
import { schedulingAfter, type NodeVerb, type Scheduling } from '../../src/core/scheduling.ts'
import { answering, TENANTS, type ClientDeps } from './clients.ts'
import type { Running } from './land.ts'

/** What something can be meant to be: both where an answer was lost, or two asked at once. */
interface Meant<T> {
  possible: ReadonlySet<T>
  underWay: number
}

/** The only one that is ever deleted. */
const DOOMED = 'corp'
const WEIGHTS = { suspend: 6, resume: 9, delete: 3, cordon: 1, drain: 4, uncordon: 14 } as const

/** Those of the platform, who suspend tenants, resume them, may delete one, and look after the machine. */
export function operators({ random, say, now }: ClientDeps) {
  const suspended = new Map(
    TENANTS.map((slug): [string, Meant<boolean>] => [
      slug,
      { possible: new Set([false]), underWay: 0 },
    ]),
  )
  const doomed = new Set<string>()
  const operations: { readonly id: string }[] = []
  const broken: string[] = []
  const answered = answering(broken, say)
  const { node, schedule } = keepers(operations, answered)

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
    node,
    doomed,
    operations,
    broken,
    /** Somebody does something; whether and when it is answered shows later. */
    act(): void {
      const running = now()
      if (!running) return
      const verb = random.weighted(WEIGHTS)
      const slug = random.oneOf(TENANTS) ?? DOOMED
      if (verb === 'delete') void doom(running)
      else if (verb === 'suspend' || verb === 'resume') void change(slug, verb, running)
      else void schedule(verb, running)
    },
    /** Whoever waited for an answer of a control plane that died will never have it. */
    cutOff(): void {
      for (const meant of [...suspended.values(), node]) meant.underWay = 0
    },
    /** A deletion that was asked for is asked for until it is answered. */
    repeat(): void {
      const running = now()
      if (running && doomed.size > 0) void doom(running)
    },
  }
}
/** Those who look after the machine. */
function keepers(operations: { readonly id: string }[], answered: ReturnType<typeof answering>) {
  const node: Meant<Scheduling> = { possible: new Set(['open']), underWay: 0 }
  return {
    node,
    schedule: async (verb: NodeVerb, { control }: Running): Promise<void> => {
      const after = [...node.possible].map((was) => schedulingAfter(verb, was))
      node.possible = new Set([...node.possible, ...after])
      node.underWay++
      const work = control.scheduling.change(verb, 'local', PLATFORM)
      const done = await answered(`${verb} the machine`, work)
      node.underWay--
      if (!done) return
      operations.push(done.operation)
      if (node.underWay === 0) node.possible = new Set([done.resource.scheduling])
    },
  }
}

export type Operators = ReturnType<typeof operators>
