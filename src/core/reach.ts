/** Kinds of resource that a key can be limited to; a path names them by parameters of these names. */
export const RESOURCE_KINDS = ['container'] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/** What a limited key gets to: names and ids, by kind. */
export interface Reach {
  readonly [kind: string]: readonly string[]
}

/** `container:web` and the like, by kind. null: the key is not limited, and reaches all of its tenant. */
export function reachOf(resources: readonly string[] | null): Reach | null {
  if (resources === null) return null
  const named = (kind: ResourceKind): string[] =>
    resources.filter((one) => one.startsWith(`${kind}:`)).map((one) => one.slice(kind.length + 1))
  return Object.fromEntries(RESOURCE_KINDS.map((kind) => [kind, named(kind)]))
}

/** The same as it was written. */
export const resourcesIn = (reach: Reach | null): string[] | null =>
  reach &&
  RESOURCE_KINDS.flatMap((kind) => (reach[kind] ?? []).map((nameOrId) => `${kind}:${nameOrId}`))

export interface Named {
  readonly id: string
  readonly name: string
}

/** Whether a resource that exists is within reach, by its name or by its id. */
export const isWithin = (reach: Reach | null, kind: ResourceKind, { id, name }: Named): boolean =>
  reach === null || [id, name].some((one) => (reach[kind] ?? []).includes(one))
