import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { Socket } from 'node:net'
import { fieldName, fieldValue } from '../core/http-fields.ts'
import type { Trouble } from '../core/http-page.ts'
import type { RequestHead } from '../core/http-request.ts'
import type { Member, RouteTable } from '../core/route-table.ts'
import { isTunnelHost, readTicket, type TicketClaims } from '../core/tunnel-ticket.ts'
import { WindowPool } from '../core/tunnel-window.ts'
import type { OpenTunnel, TunnelNews } from '../link.ts'
import type { IngressContext } from './context.ts'
import { PortTunnel } from './port-tunnel.ts'
import * as troubles from './tunnel-troubles.ts'

export interface PortTunnelsDeps {
  /** Keeps that a ticket has been used, for all workers at once; false: it had been already. */
  readonly spend: (ticketId: string) => boolean
  readonly told: (news: TunnelNews) => void
}

/** What a tunnel is asked with, as far as the ingress knows it. */
export interface TunnelAsked {
  readonly head: RequestHead
  readonly socket: Socket
  readonly peer: string
}

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const KEY = /^[A-Za-z0-9+/]{22}==$/
const BEARER = /^bearer +(?<ticket>\S+)$/i

/** The tunnels of one worker: who may open one, which are open, and which must end. */
export class PortTunnels {
  readonly #context: IngressContext
  readonly #deps: PortTunnelsDeps
  readonly #open = new Map<string, PortTunnel>()
  readonly #pool: WindowPool
  #domains: readonly string[] = []
  #key: KeyObject | undefined
  #members: ReadonlyMap<string, Member> = new Map()

  constructor(context: IngressContext, deps: PortTunnelsDeps) {
    this.#context = context
    this.#deps = deps
    this.#pool = new WindowPool(context.limits.portTunnelPoolBytes)
  }

  /** A host that no app can have. */
  isAsked(host: string): boolean {
    return isTunnelHost(host, this.#domains)
  }

  /** Cuts what the table no longer allows. */
  update(table: RouteTable): void {
    this.#domains = table.domains
    this.#key = keyOf(table.tunnelKey)
    this.#members = new Map(table.members.map((member) => [member.id, member]))
    for (const tunnel of this.#open.values()) {
      const why = this.#objection(tunnel.claims)
      if (why !== undefined) tunnel.cut(why)
    }
  }

  list(): readonly OpenTunnel[] {
    return [...this.#open.values()].map(openTunnelOf)
  }

  cut(id: string, reason: string): void {
    this.#open.get(id)?.cut(reason)
  }

  sweep(nowMs: number): void {
    for (const tunnel of this.#open.values()) {
      const { keyEndsAt } = tunnel.claims
      if (keyEndsAt !== null && keyEndsAt <= nowMs) tunnel.cut('its key has expired')
    }
  }

  /** Opens one, or says why not. */
  begin({ head, socket, peer }: TunnelAsked): PortTunnel | Trouble {
    const key = fieldOf(head, 'sec-websocket-key')
    const isHandshake = head.meaning.upgrade && KEY.test(key)
    if (!isHandshake || fieldOf(head, 'sec-websocket-version') !== '13') {
      return troubles.noHandshake()
    }
    const claims = this.#claimsOf(fieldOf(head, 'authorization'))
    if ('status' in claims) return claims
    const why = this.#objection(claims)
    if (why !== undefined) return troubles.tunnelRefused(why)
    const busy = this.#shortage(claims)
    if (busy !== undefined) return troubles.tooManyTunnels(busy)
    // Last, so that who is only refused for a moment can show the same ticket again.
    if (!this.#deps.spend(claims.id)) {
      return troubles.ticketRefused('it has been used already')
    }
    return this.#opened(claims, { socket, peer, accept: acceptOf(key) })
  }

  #claimsOf(authorization: string): TicketClaims | Trouble {
    const ticket = readTicket(BEARER.exec(authorization)?.groups?.['ticket'] ?? '')
    if (ticket === undefined) return troubles.ticketRefused('it is none')
    if (this.#key === undefined) return troubles.notReady()
    const { claims, signed, signature } = ticket
    // Its own time first, which costs nothing to look at; it is believed only with the signature.
    if (claims.expiresAt <= this.#context.now()) return troubles.ticketRefused('it has expired')
    if (!verify(null, Buffer.from(signed), this.#key, signature)) {
      return troubles.ticketRefused('the platform has not signed it')
    }
    return claims
  }

  /** Why a tunnel may not be, by the table of now. */
  #objection({ container, address, tenant }: TicketClaims): string | undefined {
    const member = this.#members.get(container)
    const isSame = member?.address === address && member.tenant === tenant
    if (member === undefined || !isSame) return 'its container is gone'
    if (member.state === 'suspended') return 'its tenant is suspended'
    return member.state === 'stopped' ? 'its container was stopped' : undefined
  }

  #shortage({ tenant }: TicketClaims): string | undefined {
    const { portTunnels, portTunnelsPerTenant } = this.#context.limits
    if (this.#open.size >= portTunnels) return 'the ingress has too many open tunnels'
    const own = [...this.#open.values()].filter(({ claims }) => claims.tenant === tenant)
    return own.length >= portTunnelsPerTenant ? 'the tenant has too many open tunnels' : undefined
  }

  #opened(claims: TicketClaims, to: { socket: Socket; peer: string; accept: string }): PortTunnel {
    const { socket, peer, accept } = to
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    const tunnel = new PortTunnel(this.#context, {
      claims,
      socket,
      peer,
      pool: this.#pool,
      over: (reason) => this.#over(claims, reason),
    })
    this.#open.set(claims.id, tunnel)
    this.#deps.told({ type: 'tunnel-opened', tunnel: openTunnelOf(tunnel) })
    return tunnel
  }

  #over({ id, tenant, container }: TicketClaims, reason: string): void {
    this.#open.delete(id)
    this.#context.log('debug', 'A tunnel is over', { tunnel: id, tenant, container, reason })
    this.#deps.told({ type: 'tunnel-closed', id })
  }
}

function openTunnelOf({ claims, peer, sinceMs }: PortTunnel): OpenTunnel {
  const { id, credential, version, actor, tenant, container, port, protocol } = claims
  const facts = { id, credential, version, actor, tenant, container, port, protocol }
  return { ...facts, from: peer, since: sinceMs }
}

function fieldOf({ bytes, fields }: RequestHead, name: string): string {
  const found = fields.kinds.flatMap((_, i) =>
    fieldName(bytes, fields, i) === name ? [fieldValue(bytes, fields, i)] : [],
  )
  // Twice is no value at all: which one counts would depend on who reads it.
  return found.length === 1 ? (found[0] ?? '') : ''
}

const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}${GUID}`).digest('base64')

/** As in the table: the 32 bytes of RFC 8032, in base64url. */
function keyOf(x: string | undefined): KeyObject | undefined {
  if (x === undefined) return undefined
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}
