import type { NetworkRow } from '../../db/queries/networks.ts'
import { dockerName } from '../core/docker-names.ts'
import type { StepDeps } from './container-steps.ts'
import { networkEnsuring } from './network-ensuring.ts'
import { stayingIn } from './placed-endpoints.ts'

/** Whoever leaves a network tells nobody of it. */
const LOOK_AGAIN_MS = 500

type NetworkDeps = Pick<
  StepDeps,
  'store' | 'engine' | 'known' | 'instance' | 'clock' | 'log' | 'record' | 'passing' | 'tenantMoved'
> & { readonly wake: (containerId: string) => void }

/**
 * Brings one network to what its row says. It is made with its first container; from then on it is to be
 * there until its tenant is gone, and after that it is not to be, listed or not: one may have been made
 * since the list was.
 */
export function networkReconciler(deps: NetworkDeps) {
  const { store, engine, known, log } = deps
  const ensure = networkEnsuring(deps)

  async function remove(
    row: NetworkRow,
    name: string,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (row.releasedAt !== null) {
      if (!known.hasNetwork(name)) return undefined
      log('info', 'Removing a network that outlived its row', { name })
    }
    // An address is given back when the engine has been seen without its container.
    if (row.releasedAt === null && (await store.read.addresses.countIn(row.id)) > 0) {
      return LOOK_AGAIN_MS
    }
    await engine.removeNetwork(name, signal)
    known.dropNetwork(name)
    deps.passing('network-removed')
    if (row.releasedAt !== null) return undefined
    // The subnet rests from now on.
    const releasedAt = deps.clock.now().getTime()
    await store.write((q) => q.networks.update(row.id, { state: 'gone', releasedAt }))
    deps.tenantMoved(row.tenantId)
    return undefined
  }

  /** Whoever runs in it has lost its connection, and is looked at. */
  async function repair(row: NetworkRow, tenant: string, signal: AbortSignal): Promise<void> {
    const { id, name, subnet } = row
    if (!(await ensure({ tenant, network: { id, name, subnet } }, signal))) return
    log('warn', 'Network repaired', { network: id })
    for (const placed of await store.read.containers.live()) {
      if (!stayingIn(placed).some((one) => one.network.id === id)) continue
      known.doubt(dockerName(tenant, 'container', placed.row.id))
      deps.wake(placed.row.id)
    }
  }

  return {
    async reconcile(id: string, signal: AbortSignal): Promise<number | undefined> {
      const row = await store.read.networks.byId(id)
      const tenant = row && (await store.read.tenants.byId(row.tenantId))
      if (!row || !tenant) return undefined
      const name = dockerName(tenant.slug, 'network', id)
      const isOver =
        row.releasedAt !== null || row.desired === 'absent' || tenant.deletedAt !== null
      if (isOver) return remove(row, name, signal)
      if (row.state === 'ready' && !known.hasNetwork(name)) {
        await repair(row, tenant.slug, signal)
      }
      return undefined
    },
  }
}
