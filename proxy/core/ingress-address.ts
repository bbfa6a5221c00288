import { contains, ipv4, isLoopback, type Block } from './dns-address.ts'

interface From {
  /** Where the ingress listens; all addresses where it is `::` or `0.0.0.0`. */
  readonly ingress: string
  /** Networks that the host is in, and its address there. */
  readonly networks: readonly { readonly address: string; readonly range: Block }[]
}

/**
 * The address at which a client reaches the ingress. Null: it does not, or it is on a network that the host
 * is not on and nobody can say which of its addresses is meant.
 */
export function ingressAddress(client: string, { ingress, networks }: From): string | null {
  const isAny = ingress === '::' || ingress === '0.0.0.0'
  if (!isAny)
    return ipv4(ingress) !== null && (isLoopback(client) || !isLoopback(ingress)) ? ingress : null
  if (isLoopback(client)) return '127.0.0.1'
  const number = ipv4(client)
  if (number === null) return null
  return networks.find(({ range }) => contains(range, number))?.address ?? null
}
