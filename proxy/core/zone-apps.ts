import type { Soa } from './dns-answer.ts'
import { below, nameKey, type NameKey } from './dns-name.ts'
import type { RouteTable } from './route-table.ts'
import type { Builder } from './zone-builder.ts'
import type { SoundMember } from './zone-members.ts'

/** Containers are not told: those whose network lets them reach the ingress do so by its own address. */
const NO_CONTAINER: ReadonlySet<string> = new Set()

interface Apps {
  readonly table: RouteTable
  readonly members: readonly SoundMember[]
  readonly soa: Soa
}

/**
 * `hello.demo.cloud.local` for the host and those who reach it: every app, and the domain itself, at the
 * address of the ingress. `localhost` needs none of it, since all names below it are this machine anyway.
 */
export function addApps(
  build: Builder,
  { table, members, soa }: Apps,
): ReadonlyMap<NameKey, readonly NameKey[]> {
  const published = new Map<NameKey, readonly NameKey[]>()
  const apps = members.filter(({ port }) => port !== null)
  for (const domain of table.domains) {
    const apex = nameKey(domain)
    if (apex === null || domain === 'localhost' || domain === table.internalDomain) continue
    build.apex(apex, new Set(NO_CONTAINER), soa)
    const hosts = new Set(apps.map(({ name, tenant }) => below(name, below(tenant, apex))))
    for (const host of [apex, ...hosts]) build.ingress(host, NO_CONTAINER)
    published.set(apex, [apex, ...hosts])
  }
  return published
}
