/** What every Docker object of ours says about itself. The instance comes on top of these. */
interface ObjectLabels {
  readonly tenant: string
  readonly id: string
  readonly generation: number
  /** Of a container: names what it was made from. */
  readonly spec?: string
}

type Kind = 'container' | 'network'

export const INSTANCE_LABEL = 'cloudlet.instance'
const TENANT_LABEL = 'cloudlet.tenant'
const ID_LABEL = 'cloudlet.id'
const GENERATION_LABEL = 'cloudlet.generation'
const SPEC_LABEL = 'cloudlet.spec'

/** The name is for people who look at the engine; the platform itself goes by the labels. */
export function dockerName(tenant: string, kind: Kind, id: string): string {
  return `cl-${tenant}-${kind}-${id}`
}

/** The kernel gives an interface's name 15 characters; this takes 14, and tells instances apart. */
export function bridgeName(instance: string, id: string): string {
  return `${groupPrefix(instance)}${id.slice(0, 8)}`
}

/** Of a tenant's processes. Its path is seen from inside containers, so it names nobody. */
export function groupName(instance: string, tenantId: string): string {
  return `${groupPrefix(instance)}${tenantId.slice(0, 8)}`
}

export const groupPrefix = (instance: string): string => `cl${instance.slice(0, 4)}`

export function platformLabels(instance: string, labels: ObjectLabels): Record<string, string> {
  return {
    [INSTANCE_LABEL]: instance,
    [TENANT_LABEL]: labels.tenant,
    [ID_LABEL]: labels.id,
    [GENERATION_LABEL]: String(labels.generation),
    ...(labels.spec !== undefined && { [SPEC_LABEL]: labels.spec }),
  }
}

/** Reads the labels back, or undefined where the object is not a whole one of this instance. */
export function labelsOfInstance(
  instance: string,
  labels: Readonly<Record<string, unknown>>,
): ObjectLabels | undefined {
  const tenant = labels[TENANT_LABEL]
  const id = labels[ID_LABEL]
  const generation = labels[GENERATION_LABEL]
  if (labels[INSTANCE_LABEL] !== instance) return undefined
  if (typeof tenant !== 'string' || typeof id !== 'string') return undefined
  if (typeof generation !== 'string' || !/^\d{1,15}$/.test(generation)) return undefined
  const spec = labels[SPEC_LABEL]
  const known = { tenant, id, generation: Number(generation) }
  return typeof spec === 'string' ? { ...known, spec } : known
}
