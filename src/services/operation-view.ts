import type { OfTenant, OperationRow } from '../../db/queries/operations.ts'
import type { Operation, PlatformOperation } from '../contract/operations.ts'

/** An operation as the API shows it. */
export function operationOf(row: OperationRow): Operation {
  const { id, kind, state, step, progress } = row
  return {
    id,
    kind,
    target: { kind: row.targetKind, id: row.targetId, name: row.targetName },
    state,
    step,
    progress,
    error: row.errorJson === null ? null : errorOf(row.errorJson),
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
  }
}

/** As the platform's own see it, among those of all tenants. */
export const platformOperationOf = ({ row, tenant }: OfTenant): PlatformOperation => ({
  ...operationOf(row),
  tenant,
})

/** Written by the operation service and the reconciler alone, in this shape. */
function errorOf(json: string): Operation['error'] {
  const error: Operation['error'] = JSON.parse(json)
  return error
}
