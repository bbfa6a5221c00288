import { isInDomain, isInZone } from './host-names.ts'

interface Around {
  /** Slug. */
  readonly tenant: string
  /** Of the ingress. */
  readonly domains: readonly string[]
  readonly own: readonly OwnDomain[]
}

export interface OwnDomain {
  readonly name: string
  readonly subdomains: number
  readonly provedAt: number | null
}

/** Why a tenant's route may not have a host; null where it may. */
export function hostObjection(host: string, { tenant, domains, own }: Around): string | null {
  if (isInZone(host, tenant, domains)) return null
  if (domains.some((domain) => isInDomain(host.replace('*.', ''), domain))) {
    const zones = domains.map((domain) => `"<any>.${tenant}.${domain}"`).join(' or ')
    return `"${host}" is not yours: of the platform's domains there is ${zones}`
  }
  if (host.startsWith('*.')) return 'a wildcard is for the own zone alone; name the hosts'
  const claimed = own.filter((domain) => covers(domain, host))
  if (claimed.some(({ provedAt }) => provedAt !== null)) return null
  const [open] = claimed
  return open
    ? `the claim of "${open.name}" is not proved yet`
    : `claim "${host}", or a domain above it with its sub-domains, and prove it first`
}

export const covers = ({ name, subdomains }: OwnDomain, host: string): boolean =>
  host === name || (subdomains === 1 && isInDomain(host, name))

/** A platform may have got other domains since a host was checked: those that are fine now. */
export const servedHosts = (hosts: readonly string[], around: Around): readonly string[] =>
  hosts.filter((host) => hostObjection(host, around) === null)
