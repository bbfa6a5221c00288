import type { Queries } from '../../db/open.ts'
import type { ContainerRow } from '../../db/queries/containers.ts'
import type { TenantRow } from '../../db/queries/tenants.ts'
import type { ContainerCreate } from '../contract/containers.ts'
import {
  allowsPolicy,
  appPortOf,
  DEFAULT_CPU_MILLI,
  DEFAULT_MEMORY_BYTES,
  DEFAULT_PIDS,
  LOG_BYTES,
  mayBeRoot,
} from '../core/container-shape.ts'
import { cpuAmounts } from '../core/cpu.ts'
import { notGranted } from '../core/exceptions.ts'
import { wrongField } from '../core/failure.ts'
import { refProblem } from '../core/secret-refs.ts'
import { imageReference } from '../core/image-reference.ts'
import type { Amounts } from '../core/quota.ts'
import { judgedRegistry } from '../core/registry-hosts.ts'
import { NOTHING_HELD, type Sizes } from '../core/resize.ts'
import { exceptionsOf } from './tenant-lookup.ts'

/** What the contract's shapes alone cannot show. */
export function checkFields(wanted: ContainerCreate): void {
  const reference = imageReference(wanted.image)
  if (!reference.ok) throw wrongField('#/image', reference.reason)
  const app = appPortOf(wanted.ports, [])
  if ('ambiguous' in app) {
    const ports = app.ambiguous.join(', ')
    throw wrongField('#/ports', `mark one of the ports ${ports} with "app": true`)
  }
  const wrong = refProblem(wanted.secrets ?? [], wanted.env ?? {})
  if (wrong) throw wrongField(`#/secrets/${wrong.index}/${wrong.field}`, wrong.detail)
  const check = wanted.healthCheck
  const checked = check && check.type !== 'none' && check.port === undefined
  if (checked && wanted.ports && app.port === null) {
    throw wrongField('#/healthCheck/port', 'a health check needs a port where there is no app')
  }
}

/** What is there already is not pulled, wherever its name points. */
export async function refuseRegistry(
  q: Queries,
  tenantId: string,
  { image, named }: { readonly image: string; readonly named: readonly string[] },
): Promise<void> {
  const reference = imageReference(image)
  if (!reference.ok || judgedRegistry(reference.registry, named) !== 'refused') return
  if (await q.images.byReference(tenantId, reference.normalised)) return
  throw wrongField('#/image', 'its registry is not on the public Internet')
}

export type NewRow = Omit<ContainerRow, 'networkId'>

export interface RowFacts {
  readonly tenant: TenantRow
  readonly id: string
  readonly node: string
  readonly nowMs: number
}

/** The row of a new container: what was asked, with the platform's defaults and the tenant's policy. */
export function newRow(wanted: ContainerCreate, { tenant, id, node, nowMs }: RowFacts): NewRow {
  checkExceptions(wanted, tenant)
  const { name, start, networks: _, ...spec } = wanted
  return {
    id,
    tenantId: tenant.id,
    nodeId: node,
    name,
    specJson: JSON.stringify(spec),
    policy: policyOf(wanted, tenant),
    runtime: runtimeOf(wanted, tenant),
    ...sizesWanted(wanted),
    ...NOTHING_HELD,
    desired: start ? 'running' : 'stopped',
    generation: 1,
    specGeneration: 1,
    run: start ? 1 : 0,
    state: 'pending',
    startedRun: 0,
    startingAt: null,
    imageJson: null,
    imageId: null,
    imageBytes: null,
    appPort: null,
    endpointsJson: '[]',
    exitCode: null,
    reasonCode: null,
    reasonMessage: null,
    retryAt: null,
    restarts: 0,
    createdAt: nowMs,
    startedAt: null,
    finishedAt: null,
    removedAt: null,
    secretsJson: null,
    secretsOutdatedAt: null,
    joiningSince: null,
  }
}

function policyOf(wanted: ContainerCreate, tenant: TenantRow): ContainerRow['policy'] {
  const policy = wanted.policy ?? tenant.policy
  if (!allowsPolicy(tenant.policy, policy)) {
    throw wrongField('#/policy', `the tenant's policy "${tenant.policy}" allows no laxer one`)
  }
  if (policy === 'restricted' && wanted.user !== undefined && mayBeRoot(wanted.user)) {
    const detail = 'the policy "restricted" wants a number above 0, e.g. "1000:1000"'
    throw wrongField('#/user', detail)
  }
  return policy
}

function checkExceptions({ exceptions = [] }: ContainerCreate, tenant: TenantRow): void {
  const [first] = notGranted(exceptionsOf(tenant), exceptions)
  if (first === undefined) return
  throw wrongField(
    `#/exceptions/${exceptions.indexOf(first)}`,
    `the operator has not granted the tenant the exception "${first}"`,
  )
}

function runtimeOf(wanted: ContainerCreate, tenant: TenantRow): ContainerRow['runtime'] {
  const runtime = wanted.runtime ?? tenant.runtime
  if (tenant.runtime === 'default' || runtime === 'sandboxed') return runtime
  throw wrongField('#/runtime', "the tenant's containers run sandboxed, and no other way")
}

/** The limits that are asked for, with the defaults where nothing is. */
export const sizesWanted = (spec: SizesAsked): Sizes => ({
  ...cpuAmounts(spec, DEFAULT_CPU_MILLI),
  memoryBytes: spec.memoryBytes ?? DEFAULT_MEMORY_BYTES,
  pids: spec.pids ?? DEFAULT_PIDS,
})
type SizesAsked = Pick<ContainerCreate, keyof Sizes>

/** What a new container takes of its tenant's quota, beside the network that it may need. */
export const amountsOf = ({ cpuMilli, memoryBytes, pids }: NewRow): Amounts => ({
  containers: 1,
  cpuMilli,
  memoryBytes,
  pids,
  logBytes: LOG_BYTES,
})
