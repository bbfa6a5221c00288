const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const HOST_MOST = 253

/** A name of a host in lower case, of two labels at least, that is no address (RFC 1123 §2.1). */
export function isHostName(text: string): boolean {
  const labels = text.split('.')
  return (
    text.length <= HOST_MOST &&
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  )
}

/** One, or `*.` and one: all names of one label more. */
export const isHostPattern = (text: string): boolean =>
  isHostName(text.startsWith('*.') ? text.slice(2) : text)

/** Whether a name is the domain itself or below it. */
export const isInDomain = (name: string, domain: string): boolean =>
  name === domain || name.endsWith(`.${domain}`)

/** What is above a name, the nearest first, without the last label alone: `a.b.c` is below `b.c`. */
export function namesAbove(name: string): string[] {
  const labels = name.split('.')
  return labels.slice(1, -1).map((_label, i) => labels.slice(i + 1).join('.'))
}

/** Whether two patterns of hosts have a name in common. */
export function hostsMeet(one: string, other: string): boolean {
  if (one === other) return true
  const [wild, name] = one.startsWith('*.') ? [one, other] : [other, one]
  return wild.startsWith('*.') && !name.startsWith('*.') && afterFirst(name) === wild.slice(2)
}

/** `example.org` of `www.example.org`. */
const afterFirst = (name: string): string => name.slice(name.indexOf('.') + 1)

/** Whether a host is one of a tenant's own zone: one label before `<tenant>.<domain>`, or all of these. */
export const isInZone = (host: string, tenant: string, domains: readonly string[]): boolean =>
  domains.some((domain) => host.includes('.') && afterFirst(host) === `${tenant}.${domain}`)
