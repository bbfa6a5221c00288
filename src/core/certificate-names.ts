import { covers, type OwnDomain } from './route-hosts.ts'

/** Which hosts are a tenant's. */
export interface Ground {
  readonly slug: string
  /** Domains of the apps. */
  readonly domains: readonly string[]
  /** What it has claimed beyond these; what is not proved does not count. */
  readonly claimed: readonly OwnDomain[]
}

/** The names of a certificate that its tenant may be served under, and those that are not its own. */
export interface Covered {
  readonly own: readonly string[]
  readonly foreign: readonly string[]
}

export function covered(names: readonly string[], ground: Ground): Covered {
  const isOwn = (name: string): boolean => isInZone(name, ground) || isProved(name, ground)
  return { own: names.filter(isOwn), foreign: names.filter((name) => !isOwn(name)) }
}

/** Within `<tenant>.<domain>`; the wildcard of all of it is. */
function isInZone(name: string, { slug, domains }: Ground): boolean {
  return domains.some((domain) => name.endsWith(`.${slug}.${domain}`))
}

/** A wildcard is within a domain of which all that is below was proved. */
const isProved = (name: string, { claimed }: Ground): boolean =>
  claimed.some((domain) => domain.provedAt !== null && covers(domain, name))

/** What of these hosts a wildcard stands for: one label in its place (RFC 9525 §6.3). */
export function hostsUnder(names: readonly string[], hosts: readonly string[]): string[] {
  const wild = new Set(names.filter((name) => name.startsWith('*.')).map((name) => name.slice(1)))
  return hosts.filter((host) => wild.has(host.slice(host.indexOf('.'))))
}

/** The names of a certificate as they are kept. */
export function namesIn({ namesJson }: { readonly namesJson: string }): string[] {
  const names: unknown = JSON.parse(namesJson)
  return Array.isArray(names) ? names.map(String) : []
}
