import { createSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Member } from '../../../proxy/core/route-table.ts'
import { ticketBody, ticketText, type TicketClaims } from '../../../proxy/core/tunnel-ticket.ts'
import { ingress } from '../../../proxy/ingress/ingress.ts'
import type { IngressLimits } from '../../../proxy/ingress/limits.ts'
import type { TunnelNews } from '../../../proxy/link.ts'
import { openTunnel, type ClientTunnel } from '../../../proxy/tunnel/client.ts'
import { ed25519 } from '../../../src/adapters/ed25519.ts'
import { member, table } from './kit.ts'

export const TUNNEL_HOST = '_tunnel.cloud.local'
const SIGNER = ed25519(Buffer.alloc(32, 7))
const STRANGER = ed25519(Buffer.alloc(32, 8))

/** An ingress that takes tunnels, and a way to ask it for some. */
export async function tunnelWorld(t: TestContext, limits: Partial<IngressLimits> = {}) {
  const ending = new AbortController()
  const news: TunnelNews[] = []
  const spent = new Set<string>()
  let [ids, version] = [0, 0]
  const edge = ingress({
    log: () => undefined,
    now: Date.now,
    newRequestId: () => 'request',
    limits: { sweepMs: 20, ...limits },
    tunnels: {
      spend: (id) => !spent.has(id) && Boolean(spent.add(id)),
      told: (one) => news.push(one),
    },
  })
  const { port } = await edge.listen({ host: '127.0.0.1', port: 0 }, ending.signal)
  t.after(async () => {
    ending.abort()
    await edge.drain(0)
  })

  function serve(...members: readonly Member[]): void {
    version += 1
    edge.update({ table: { ...table(members, version), tunnelKey: SIGNER.publicKey } })
  }
  serve(behind())

  const lost: string[] = []
  return {
    edge,
    port,
    news,
    /** Why tunnels of this client have ended. */
    lost,
    serve,
    open: (text: string): Promise<ClientTunnel> =>
      openTunnel({
        at: { host: '127.0.0.1', port },
        host: TUNNEL_HOST,
        ticket: text,
        signal: ending.signal,
        over: (reason) => lost.push(reason),
      }),
    /** A ticket to that port of 127.0.0.1, which the member stands for. */
    ticket: (toPort: number, over: Partial<TicketClaims> = {}, isForged = false): string => {
      const claims = { ...CLAIMS, id: `tunnel-${(ids += 1)}`, port: toPort, ...over }
      const body = ticketBody({ expiresAt: Date.now() + 30_000, ...claims })
      return ticketText(body, (isForged ? STRANGER : SIGNER).sign(body))
    },
  }
}

const CLAIMS = {
  credential: 'ckaaaaaaaaaaaaaaaa',
  version: 1,
  actor: 'key:ckaaaaaaaaaaaaaaaa',
  tenant: 'demo',
  container: 'target',
  address: '127.0.0.1',
  protocol: 'tcp',
  keyEndsAt: null,
} as const

/** The member that tickets name. */
export const behind = (over: Partial<Member> = {}): Member => ({
  ...member(1),
  id: 'target',
  address: '127.0.0.1',
  ...over,
})

/** A TCP server of the test's own; answers its port. */
export async function tcpServer(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return listening(server)
}

export async function udpEcho(t: TestContext): Promise<number> {
  const socket = createSocket('udp4')
  socket.on('message', (datagram, from) => socket.send(datagram, from.port, from.address))
  t.after(() => socket.close())
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket.address().port
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

/** Two ends of a connection: what a program would hold, and what is given to a tunnel. */
export async function pair(t: TestContext): Promise<{ outer: Socket; inner: Socket }> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, resolve)
  const port = await listening(server)
  const outer = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const inner = await promise
  server.close()
  for (const socket of [outer, inner]) {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
  }
  return { outer, inner }
}

/** A connection through the tunnel. */
export async function through(t: TestContext, tunnel: ClientTunnel): Promise<Socket> {
  const { outer, inner } = await pair(t)
  if (!tunnel.join(inner)) inner.resetAndDestroy()
  return outer
}

/** All that comes until the other half ends; this half stays as it is. */
export function textOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (bytes: Buffer) => (text += String(bytes)))
  return new Promise((resolve, reject) => {
    socket.on('end', () => resolve(text))
    socket.on('close', () => reject(new Error('It was closed before its end')))
  })
}
