import { world } from '../../test/support/world.ts'
import { FACTS, IMAGE, seedEngine, seedRows, TENANT } from './seed.ts'

/** What one full pass of the reconciler costs when there is nothing to do. */
export interface Passes {
  /** Until nothing moves any more, in milliseconds, one for each pass. */
  readonly times: readonly number[]
  /** Calls to the engine in one pass. */
  readonly calls: number
}

/** Passes over so many containers that run as they should, by the reconciler on a real database. */
export async function passes(containers: number, count: number): Promise<Passes> {
  await using at = await world()
  at.host.addImage(IMAGE, FACTS)
  const tenant = await at.addTenant(TENANT)
  const nowMs = at.time.now().getTime()
  await at.store.write((q) => seedRows(q, containers, { tenant, nowMs }))
  await seedEngine(at.control.engine, await at.store.read.containers.live())
  await at.begin()
  await at.quiet()
  const before = at.host.calls.length
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const begun = performance.now()
    await at.control.observer.pass()
    await at.quiet()
    times.push(performance.now() - begun)
  }
  return { times, calls: (at.host.calls.length - before) / count }
}
