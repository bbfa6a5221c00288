import { dockerName } from '../core/docker-names.ts'
import { decision } from './container-decision.ts'
import type { PassDeps } from './engine-pass.ts'
import { holdsNow } from './holds.ts'

export type DueDeps = Pick<PassDeps, 'clock' | 'known' | 'store' | 'wake'>

/**
 * Wakes the reconciler of every container with something to do. Of thousands that are as they should
 * be none is looked at one by one: what the list shows and memory holds is enough to decide. Only the
 * first time everybody is: from then on each says itself when it wants to be looked at.
 */
export async function wakeDue(
  { store, known, clock, wake }: DueDeps,
  isFirst: boolean,
): Promise<void> {
  const open = new Set(await store.read.operations.openTargets())
  const nowMs = clock.now().getTime()
  const holdsOf = await holdsNow(store)
  const byId = once(() => new Map(known.all().map((one) => [one.id, one])))
  for (const placed of await store.read.containers.live()) {
    const { row, tenant } = placed
    const named = known.container(dockerName(tenant, 'container', row.id))
    // One that rests under another name shows nothing to do under its own.
    const seen = named?.id === row.id ? named : (byId().get(row.id) ?? named)
    const step = decision(placed, seen, { nowMs, holds: holdsOf(placed) })
    if (isFirst || open.has(row.id) || step.do !== 'nothing') wake(row.id)
  }
}

/** Few need it, and then one for all of them is enough. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
