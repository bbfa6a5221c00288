import type { StepDeps } from './container-steps.ts'
import { containerReconciler } from './containers.ts'
import type { PassDeps } from './engine-pass.ts'
import { reconcileLoop } from './loop.ts'
import { networkReconciler } from './networks.ts'
import { nodeReconciler } from './nodes.ts'
import { engineObserver, type ObserverDeps } from './observer.ts'
import { orphanCollector } from './orphan-collector.ts'
import { tenantReconciler, type TenantDeps } from './tenants.ts'

const CONTAINERS_AT_ONCE = 8
const NETWORKS_AT_ONCE = 2
const TENANTS_AT_ONCE = 2

type LoopDeps = Omit<StepDeps, 'tenantMoved'> &
  Pick<PassDeps, 'groups' | 'firewall'> &
  Pick<ObserverDeps, 'lookMs'> &
  Pick<TenantDeps, 'erase' | 'erased'>

/** What is worked on: each container, network, machine and tenant alone, as the observer and the services wake them. */
export function reconcileLoops(deps: LoopDeps, deadlineMs: number) {
  const tenantMoved = (id: string): void => {
    if (ofTenants.isAwaited(id)) tenantLoop.wake(id)
  }
  const steps = { ...deps, tenantMoved }
  const { timers, log } = steps
  const limits = { timers, log, deadlineMs }
  const containers = containerReconciler(steps)
  const loop = reconcileLoop({ ...containers, concurrency: CONTAINERS_AT_ONCE, ...limits })
  const { wake } = loop
  const ofNetworks = networkReconciler({ ...steps, wake })
  const networks = reconcileLoop({ ...ofNetworks, concurrency: NETWORKS_AT_ONCE, ...limits })
  const orphans = orphanCollector(steps)
  const returned = (): void => [containers, loop, networks].forEach(({ forgive }) => forgive())
  const ofTenants = tenantReconciler({ ...steps, wake, wakeNetwork: networks.wake })
  const tenantLoop = reconcileLoop({ ...ofTenants, concurrency: TENANTS_AT_ONCE, ...limits })
  const wakes = { wake, wakeNetwork: networks.wake, wakeTenant: tenantLoop.wake }
  const observer = engineObserver({ ...steps, ...wakes, orphans, returned })
  const ofNodes = nodeReconciler({ ...steps, wake, isUp: observer.isUp })
  const nodes = reconcileLoop({ ...ofNodes, concurrency: 1, ...limits })
  return { loop, networks, nodes, tenantLoop, orphans, observer, ...wakes, wakeNode: nodes.wake }
}
