import type { ApiFront } from './api-front.ts'

/** A certificate with its key, as the ingress is given it: PEM, the chain from the leaf up. */
export interface HostCertificate {
  /** In lower case; one may be a wildcard, `*.acme.cloud.local` (RFC 9525 §6.3). */
  readonly names: readonly string[]
  readonly chain: string
  readonly key: string
}

/** Everything TLS needs to know: replaced as a whole. */
export interface TlsSettings {
  readonly certificates: readonly HostCertificate[]
  /** 48 bytes in base64url, the same for all workers: a session begun at one goes on at another. */
  readonly ticketKeys: string
  /** Absent: the API is not served by the ingress. */
  readonly api?: ApiFront
}

/** By name. Of two for the same name the later one counts. */
export type Certificates = ReadonlyMap<string, HostCertificate>

export function certificatesByName(all: readonly HostCertificate[]): Certificates {
  return new Map(all.flatMap((one) => one.names.map((name) => [name.toLowerCase(), one] as const)))
}

/** That of the name itself, else of a wildcard one label above. */
export function certificateFor(known: Certificates, name: string): HostCertificate | undefined {
  const exact = known.get(name)
  if (exact !== undefined) return exact
  const dot = name.indexOf('.')
  return dot > 0 ? known.get(`*${name.slice(dot)}`) : undefined
}
