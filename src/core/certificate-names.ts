/** Which hosts are a tenant's. */
export interface Ground {
  readonly slug: string
  /** Domains of the apps. */
  readonly domains: readonly string[]
  /** Its hosts beyond these, exactly. */
  readonly customHosts: readonly string[]
}

/** The names of a certificate that its tenant may be served under, and those that are not its own. */
export interface Covered {
  readonly own: readonly string[]
  readonly foreign: readonly string[]
}

/** A wildcard beyond the platform's domains stands for those hosts of the tenant that it covers, and for no other. */
export function covered(names: readonly string[], ground: Ground): Covered {
  const own = new Set<string>()
  const foreign: string[] = []
  for (const name of names) {
    const found = isInZone(name, ground) ? [name] : customHostsOf(name, ground)
    for (const one of found) own.add(one)
    if (found.length === 0) foreign.push(name)
  }
  return { own: [...own], foreign }
}

/** Within `<tenant>.<domain>`; the wildcard of all of it is. */
function isInZone(name: string, { slug, domains }: Ground): boolean {
  return domains.some((domain) => name.endsWith(`.${slug}.${domain}`))
}

function customHostsOf(name: string, { customHosts }: Ground): readonly string[] {
  if (!name.startsWith('*.')) return customHosts.filter((host) => host === name)
  const above = name.slice(1)
  return customHosts.filter((host) => host.slice(host.indexOf('.')) === above)
}
