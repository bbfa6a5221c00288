import type { Queries } from '../../db/open.ts'
import type { ContainerRow } from '../../db/queries/containers.ts'
import type { ContainerChange } from '../contract/container-change.ts'
import type { ContainerSpec } from '../contract/containers.ts'
import { wrongField } from '../core/failure.ts'
import { isResizing, resized, sameSizes } from '../core/resize.ts'
import { sizesWanted } from './container-rows.ts'
import { checkFirewalls, refuseTooMany } from './firewall-checks.ts'
import type { Ledger } from './ledger.ts'

/**
 * What a change of limits, restart policy or health check writes into the row. Only limits are the
 * engine's matter: they stay reserved at the larger of old and new until it has been seen to take them.
 */
export const resizing =
  (ledger: Pick<Ledger, 'admit'>, change: ContainerChange) =>
  async (row: ContainerRow, q: Queries): Promise<Partial<ContainerRow>> => {
    // Written by this service alone, from a parsed spec.
    const old: ContainerSpec = JSON.parse(row.specJson)
    const spec = merged(old, change)
    checkPort(row, spec)
    const specJson = JSON.stringify(spec)
    if (change.firewalls) {
      await checkFirewalls(q, row.tenantId, change.firewalls)
      await refuseTooMany(q, row.tenantId, { ...row, specJson })
    }
    const wanted = sizesWanted(spec)
    if (sameSizes(wanted, row) && !isResizing(row)) {
      return specJson === row.specJson ? {} : { specJson }
    }
    const { change: sizes, further } = resized(row, wanted)
    await ledger.admit(q, {
      tenantId: row.tenantId,
      subject: { verb: 'resize', kind: 'container', name: row.name },
      amounts: further,
    })
    return { ...sizes, specJson }
  }

/** Fields that are named take the place of what there was; `null` leaves the default (RFC 7396). */
function merged(old: ContainerSpec, change: ContainerChange): ContainerSpec {
  const entries = Object.entries({ ...old, ...change })
  // The old spec with fields of the same types, which the contract has parsed.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(
    entries.filter(([, value]) => value !== null && value !== undefined),
  ) as ContainerSpec
}

/** A check without a port is of the app's, which is known as soon as the image is. */
function checkPort(row: ContainerRow, { healthCheck }: ContainerSpec): void {
  if (!healthCheck || healthCheck.type === 'none' || healthCheck.port !== undefined) return
  if (row.imageJson === null || row.appPort !== null) return
  throw wrongField('#/healthCheck/port', 'a health check needs a port where there is no app')
}
