/**
 * A ticket says: whoever shows it within seconds may, once, have connections with this port of this
 * container. The control plane signs it (Ed25519), the edge has the public key alone and so can make none.
 */

export const TUNNEL_PROTOCOLS = ['tcp', 'udp'] as const
export type TunnelProtocol = (typeof TUNNEL_PROTOCOLS)[number]

export interface TicketClaims {
  /** Of the ticket, and of the tunnel that it opens. */
  readonly id: string
  /** The key that asked, or the session of a person. */
  readonly credential: string
  readonly version: number
  /** Whose it is, as lists show it: `key:<id>` or `person:<e-mail>`. */
  readonly actor: string
  readonly tenant: string
  /** Id. */
  readonly container: string
  readonly address: string
  readonly port: number
  readonly protocol: TunnelProtocol
  /** Milliseconds since 1970: until then it opens a tunnel. */
  readonly expiresAt: number
  /** Then the key ends, and with it the tunnel; null: until it is revoked. */
  readonly keyEndsAt: number | null
}

/** Below a domain of the ingress, where an app has two names: no app can have this host. */
const HOST_LABEL = '_tunnel'

export const tunnelHost = (domain: string): string => `${HOST_LABEL}.${domain.toLowerCase()}`

export const isTunnelHost = (host: string, domains: readonly string[]): boolean =>
  host.startsWith(`${HOST_LABEL}.`) && domains.some((domain) => host === tunnelHost(domain))

/** No other thing that is signed with this key begins so. */
const PREFIX = 'cltunnel1'
const TEXT = /^cltunnel1\.([\w-]{1,4096})\.([\w-]{86})$/

/** What is to be signed. */
export const ticketBody = (claims: TicketClaims): string =>
  `${PREFIX}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`

export const ticketText = (body: string, signature: string): string => `${body}.${signature}`

export interface ReadTicket {
  readonly claims: TicketClaims
  readonly signed: string
  readonly signature: Buffer
}

/** Reads it; nothing of it is to be believed before the signature is. */
export function readTicket(text: string): ReadTicket | undefined {
  const [, body = '', signature = ''] = TEXT.exec(text) ?? []
  if (body === '') return undefined
  const claims = claimsIn(Buffer.from(body, 'base64url').toString('utf8'))
  if (claims === undefined) return undefined
  return { claims, signed: `${PREFIX}.${body}`, signature: Buffer.from(signature, 'base64url') }
}

const FIELDS = {
  id: isText,
  credential: isText,
  version: isCount,
  actor: isText,
  tenant: isText,
  container: isText,
  address: isText,
  port: (value: unknown) => isCount(value) && value <= 65_535,
  protocol: (value: unknown) => TUNNEL_PROTOCOLS.some((one) => one === value),
  expiresAt: isCount,
  keyEndsAt: (value: unknown) => value === null || isCount(value),
} as const satisfies Record<keyof TicketClaims, (value: unknown) => boolean>

function claimsIn(text: string): TicketClaims | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const fields = new Map<string, unknown>(Object.entries(value))
    const fits = Object.entries(FIELDS).every(([name, is]) => is(fields.get(name)))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each field has just been looked at
    return fits ? (value as TicketClaims) : undefined
  } catch {
    // Not JSON: no claims.
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 512
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
