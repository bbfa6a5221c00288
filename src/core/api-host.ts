/**
 * Why the API may not have this host name beside domains that tenants have names in; undefined: it may. A tenant's page
 * could else be of the API's own site, set cookies for it, or one day have its very name.
 */
export function apiHostObjection(host: string, domains: readonly string[]): string | undefined {
  if (/^[\d.]+$/.test(host)) return 'a name is wanted, since a certificate stands for names'
  if (!host.includes('.')) return 'a name with a domain is wanted, such as api.example.com'
  const near = domains.find(
    (domain) => host === domain || host.endsWith(`.${domain}`) || domain.endsWith(`.${host}`),
  )
  if (near === undefined) return undefined
  const where = host === near ? 'is' : host.length > near.length ? 'is within' : 'is above'
  return `${host} ${where} ${near}, where tenants have names: their pages would be of one site with the API; take a name of another domain`
}
