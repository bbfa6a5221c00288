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
  for (const placed of await store.read.containers.live()) {
    const { row, tenant } = placed
    const seen = known.container(dockerName(tenant, 'container', row.id))
    const step = decision(placed, seen, { nowMs, holds: holdsOf(placed) })
    if (isFirst || open.has(row.id) || step.do !== 'nothing') wake(row.id)
  }
}
