import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { Challenges } from '../core/challenges.ts'
import { troublePage } from '../core/http-page.ts'
import type { Balance } from '../core/route.ts'
import { AwaitedHeader } from './awaited-header.ts'
import { Balancer } from './balancer.ts'
import { ClientConnection } from './client-connection.ts'
import { Clients } from './clients.ts'
import { noCounters } from './context.ts'
import type { Counters, IngressContext, Log } from './context.ts'
import { Holds } from './holds.ts'
import { Http2Connection } from './http2-connection.ts'
import { INGRESS_LIMITS } from './limits.ts'
import type { IngressLimits } from './limits.ts'
import { PortTunnels, type PortTunnelsDeps } from './port-tunnels.ts'
import { Rates } from './rates.ts'
import { retryBudget } from './retry-budget.ts'
import { RoutingView } from './routing-view.ts'
import type { News } from './routing-view.ts'
import { Senders, type InFront } from './senders.ts'
import { Shares } from './shares.ts'
import { Tallies } from './tallies.ts'
import { TlsFront } from './tls-front.ts'
import { tooManyConnections } from './troubles.ts'

interface IngressDeps {
  readonly log: Log
  /** Milliseconds since the epoch: it also dates answers. */
  readonly now: () => number
  /** Visible ASCII without spaces: it becomes the value of a field. */
  readonly newRequestId: () => string
  readonly limits?: Partial<IngressLimits>
  /** Processes that share the port with this one, itself among them. */
  readonly workers?: number
  /** How members are chosen where no route says anything else: in turn. */
  readonly balance?: Balance
  readonly tunnels: PortTunnelsDeps
  /** Absent: nobody, and clients come by themselves. */
  readonly inFront?: InFront
}

export interface Address {
  readonly host: string
  readonly port: number
  /** Several processes listen on one port, and the kernel deals out connections. */
  readonly reusePort?: boolean
  /** TLS, with the certificates of the last `update`. */
  readonly isSecure?: boolean
}

export interface Ingress {
  update(news: News): void
  /** May be called for several addresses. Aborting the signal stops listening and cuts nothing. */
  listen(address: Address, signal: AbortSignal): Promise<{ readonly port: number }>
  /** Stops listening, lets what is under way end within the time, then cuts the rest. */
  drain(graceMs: number): Promise<void>
  counters(): Readonly<Counters>
  /** What has been counted since that look, 0 for all; with its number. */
  measures(since: number): ReturnType<Tallies['moved']>
  /** How many requests and tunnels each member has, by its id. */
  inFlight(): ReadonlyMap<string, number>
  readonly tunnels: Pick<PortTunnels, 'cut' | 'list'>
}

const ROUND_ROBIN: Balance = { kind: 'round-robin' }

const DRAIN_POLL_MS = 10
/** More than a listener's queue holds: who comes faster than this is sent to another worker soon. */
const DRAIN_TURNS_MOST = 1024

/** The HTTP ingress: from a host name to the containers of an app. It holds nothing but the table. */
export function ingress(deps: IngressDeps): Ingress {
  const limits = { ...INGRESS_LIMITS, ...deps.limits }
  const senders = new Senders(deps.inFront ?? { proxyProtocol: [], trusted: [] })
  const clients = new Clients(limits, senders)
  const challenges = new Challenges()
  const front = new TlsFront({ log: deps.log, now: deps.now, limits, challenges })
  const servers = new Set<Server>()
  const counters = noCounters()
  const holds = new Holds(limits)
  const balancer = new Balancer({ ...deps, limits, counters })
  const view = new RoutingView()
  let isDraining = false
  const context: IngressContext = {
    limits,
    counters,
    holds,
    balancer,
    balance: deps.balance ?? ROUND_ROBIN,
    tenants: new Shares(limits.requestsPerTenant),
    apiClients: new Shares(limits.apiRequestsPerAddress),
    tallies: new Tallies(),
    senders,
    view,
    rates: new Rates(deps.now),
    securePort: () => front.port,
    challenges,
    ...ofDeps(deps),
    isDraining: () => isDraining,
    forget: (client) => clients.delete(client),
    get portTunnels() {
      return tunnels
    },
  }
  const tunnels = new PortTunnels(context, deps.tunnels)

  const sweeper = sweeping(() => [...clients, balancer, tunnels], deps.now, limits.sweepMs)

  function update({ table, health, tls, challenges: asked }: News): void {
    if (asked !== undefined) challenges.replace(asked)
    if (tls !== undefined) {
      front.update(tls)
      view.updateFront(tls.api)
    }
    if (table !== undefined && view.updateTable(table)) tunnels.update(table)
    if (table !== undefined || tls !== undefined) balancer.update(view.members)
    if (health !== undefined) view.updateHealth(health)
    holds.news()
    balancer.news((member) => view.isReportedHealthy(member))
  }

  async function drain(graceMs: number): Promise<void> {
    isDraining = true
    await takenIn(counters)
    for (const server of servers) server.close()
    servers.clear()
    await takenLeaveOf(clients, graceMs, Math.min(graceMs, limits.drainIdleMs))
    clearInterval(sweeper)
    balancer.close()
  }

  return {
    update,
    listen: (address, signal) => listen(address, signal, { servers, front, clients, context }),
    drain,
    tunnels,
    inFlight: () => balancer.inFlight(),
    measures: (since) => context.tallies.moved(since, (key) => view.knows(key), deps.now()),
    counters: () => ({ ...counters, open: clients.size, held: holds.count + balancer.queued }),
  }
}

const ofDeps = ({ log, now, newRequestId }: IngressDeps) => ({
  log,
  now,
  newRequestId,
  date: datesOf(now),
  budget: retryBudget(),
})

/** Begins to speak HTTP on a connection that was admitted. */
function beginning(context: IngressContext, clients: Clients) {
  return (socket: Socket, isHttp2: boolean): void => {
    context.counters.connections += 1
    const Protocol = isHttp2 ? Http2Connection : ClientConnection
    try {
      clients.add(new Protocol(context, socket))
    } catch (error) {
      // It was gone before it had begun; nothing of it may end the process.
      context.log('debug', 'A connection ended before it began', { error })
      socket.destroy()
    }
  }
}

interface Swept {
  sweep(nowMs: number): void
}

/** Looks at deadlines now and then. */
function sweeping(all: () => Iterable<Swept>, now: () => number, everyMs: number): NodeJS.Timeout {
  const sweeper = setInterval(() => {
    const nowMs = now()
    for (const one of all()) one.sweep(nowMs)
  }, everyMs)
  // The sockets keep the process alive, not the watch over them.
  return sweeper.unref()
}

/**
 * A listener that closes resets what the kernel has taken in for it and it has not accepted yet. One
 * connection is accepted in a turn of the event loop, so a turn without any shows that none was waiting.
 */
async function takenIn(counters: Readonly<Counters>): Promise<void> {
  for (let turn = 0; turn < DRAIN_TURNS_MOST; turn++) {
    const soFar = counters.connections
    // The first turn has begun already, and may have looked at the sockets before.
    for (let look = 0; look < 2; look++) await new Promise((resolve) => setTimeout(resolve, 0))
    if (counters.connections === soFar) return
  }
}

interface Listening {
  readonly servers: Set<Server>
  readonly front: TlsFront
  readonly clients: Clients
  readonly context: IngressContext
}

async function listen(
  { host, port, reusePort, isSecure }: Address,
  signal: AbortSignal,
  listening: Listening,
): Promise<{ readonly port: number }> {
  signal.throwIfAborted()
  const { servers } = listening
  const server = isSecure === true ? secureServer(listening) : clearServer(listening)
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen({ host, port, reusePort: reusePort ?? false }, resolve)
  })
  const stop = (): void => {
    servers.delete(server)
    server.close()
  }
  signal.addEventListener('abort', stop, { once: true })
  server.on('close', () => signal.removeEventListener('abort', stop))
  servers.add(server)
  if (signal.aborted) stop()
  const bound = server.address()
  const at = typeof bound === 'object' && bound !== null ? bound.port : port
  if (isSecure === true) listening.front.port = at
  return { port: at }
}

/** Half-open, so that a client that closes its half after the request still gets the answer. */
function clearServer(listening: Listening): Server {
  const { clients, context } = listening
  const begin = beginning(context, clients)
  const accept = admitting(listening, {
    begin(socket) {
      begin(socket, false)
      // It rests where it was read before.
      socket.resume()
    },
    refuse: (socket) => turnAway(socket, context),
  })
  return createServer({ allowHalfOpen: true }, accept)
}

/** Whom there is no room for is not even shaken hands with, which costs more than an answer. */
function secureServer(listening: Listening): Server {
  const { front, clients, context } = listening
  const inner = front.server(beginning(context, clients))
  if (!context.senders.hasSpeakers) {
    return inner.prependListener(
      'connection',
      admitting(listening, { begin: () => undefined, refuse: cut }),
    )
  }
  // What comes before the handshake has to be read before TLS has the socket.
  const begin = (socket: Socket): void => void inner.emit('connection', socket)
  const server = createServer({ allowHalfOpen: true }, admitting(listening, { begin, refuse: cut }))
  return server.on('close', () => inner.close())
}

const cut = (socket: Socket): void => void socket.destroy()

interface Verdicts {
  readonly begin: (socket: Socket) => void
  readonly refuse: (socket: Socket) => void
}

/** Lets a connection in once it is known whose it is. */
function admitting({ clients, context }: Listening, { begin, refuse }: Verdicts) {
  const { senders } = context
  return (socket: Socket): void => {
    const isSpeaker = senders.hasSpeakers && senders.isSpeaker(socket)
    if (!isSpeaker) return (clients.admit(socket) ? begin : refuse)(socket)
    if (!clients.admitUnknown(socket)) return refuse(socket)
    const said = (source: string | null): void => {
      if (source !== null) senders.note(socket, source)
      return (clients.admitFrom(socket) ? begin : refuse)(socket)
    }
    return clients.add(new AwaitedHeader(context, socket, said))
  }
}

/** One answer for whoever comes when the house is full; nothing of it is kept. */
function turnAway(socket: Socket, context: IngressContext): void {
  context.counters.troubles += 1
  socket.on('error', () => undefined)
  const page = troublePage(tooManyConnections(), {
    html: false,
    headOnly: false,
    connection: 'close',
    date: context.date(),
    requestId: context.newRequestId(),
  })
  socket.end(page, () => socket.destroy())
}

/** A Date field changes once a second; writing it anew for each answer would cost more than a head. */
function datesOf(now: () => number): () => string {
  let second = -1
  let text = ''
  return () => {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      second = current
      text = new Date(current * 1000).toUTCString()
    }
    return text
  }
}

/**
 * On an idle connection a request may be on its way, and would be lost if it were closed at once: it is
 * answered, and told that it was the last.
 */
async function takenLeaveOf(clients: Clients, graceMs: number, lastMs: number): Promise<void> {
  await emptied(clients, lastMs)
  for (const client of clients) client.drain()
  await emptied(clients, graceMs - lastMs)
  for (const client of clients) client.cut()
}

/** Waits until nobody is left, or the time is up. */
async function emptied(clients: { readonly size: number }, graceMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(graceMs)
  while (clients.size > 0 && !deadline.aborted) {
    await new Promise((resolve) => {
      setTimeout(resolve, DRAIN_POLL_MS)
    })
  }
}
