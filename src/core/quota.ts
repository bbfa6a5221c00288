/** What a tenant may hold. Bytes are bytes; `cpuMilli` is thousandths of one CPU. */
export const RESOURCES = ['containers', 'cpuMilli', 'memoryBytes'] as const
export type Resource = (typeof RESOURCES)[number]
export type Amounts = Readonly<Record<Resource, number>>
/** `null` is without limit, 0 is none at all. */
export type Limits = Readonly<Record<Resource, number | null>>

export interface Shortage {
  readonly resource: Resource
  readonly limit: number
  readonly used: number
  readonly requested: number
}

/**
 * Names every resource that `requested` would overdraw. Empty means it fits.
 *
 * A tenant can be over its limit already, because an operator may lower a limit below what is in
 * use. Such a tenant may still ask for other resources, so only those asked for are judged.
 */
export function shortages(limits: Limits, used: Amounts, requested: Amounts): Shortage[] {
  return RESOURCES.flatMap((resource) => {
    const limit = limits[resource]
    const asked = requested[resource]
    if (limit === null || asked <= 0 || used[resource] + asked <= limit) return []
    return [{ resource, limit, used: used[resource], requested: asked }]
  })
}
