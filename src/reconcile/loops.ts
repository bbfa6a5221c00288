import type { StepDeps } from './container-steps.ts'
import { containerReconciler } from './containers.ts'
import type { PassDeps } from './engine-pass.ts'
import { reconcileLoop } from './loop.ts'
import { networkReconciler } from './networks.ts'
import { nodeReconciler } from './nodes.ts'
import { engineObserver } from './observer.ts'
import { orphanCollector } from './orphan-collector.ts'

const CONTAINERS_AT_ONCE = 8
const NETWORKS_AT_ONCE = 2

type Steps = StepDeps & Pick<PassDeps, 'groups' | 'firewall'>

/** What is worked on: each container, network and machine alone, as the observer and the services wake them. */
export function reconcileLoops(steps: Steps, deadlineMs: number) {
  const { timers, log } = steps
  const limits = { timers, log, deadlineMs }
  const containers = containerReconciler(steps)
  const loop = reconcileLoop({ ...containers, concurrency: CONTAINERS_AT_ONCE, ...limits })
  const { wake } = loop
  const ofNetworks = networkReconciler({ ...steps, wake })
  const networks = reconcileLoop({ ...ofNetworks, concurrency: NETWORKS_AT_ONCE, ...limits })
  const orphans = orphanCollector(steps)
  const returned = (): void => [containers, loop, networks].forEach(({ forgive }) => forgive())
  const wakes = { wake, wakeNetwork: networks.wake }
  const observer = engineObserver({ ...steps, ...wakes, orphans, returned })
  const ofNodes = nodeReconciler({ ...steps, wake, isUp: observer.isUp })
  const nodes = reconcileLoop({ ...ofNodes, concurrency: 1, ...limits })
  return { loop, networks, nodes, orphans, observer, ...wakes }
}
