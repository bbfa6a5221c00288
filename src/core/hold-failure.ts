import type { Hold } from './effective-desired.ts'
import { failure, type Failure } from './failure.ts'

interface Held {
  readonly name: string
  readonly tenant: string
  readonly node: string
}

/** Why one that is to run does not, and what makes it run again. */
const WHY = {
  'tenant-suspended': ({ name, tenant }) =>
    failure(
      'tenant-suspended',
      `Container "${name}" does not run: tenant "${tenant}" is suspended; it runs again when the operator resumes the tenant`,
      { tenant },
    ),
  'node-drained': ({ name, node }) =>
    failure(
      'node-drained',
      `Container "${name}" does not run: machine "${node}" is drained; it runs again when the operator uncordons the machine`,
      { node },
    ),
} as const satisfies Record<Hold, (held: Held) => Failure>

export const holdFailure = (hold: Hold, held: Held): Failure => WHY[hold](held)
