import { renameSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { Log } from '../src/log.ts'
import type { Challenge } from './core/challenges.ts'
import type { HealthReport, RouteTable } from './core/route-table.ts'
import type { TlsSettings } from './core/server-names.ts'
import type { EdgeRole, FromEdge, Measures, OpenTunnel, ToEdge, TunnelNews } from './link.ts'
import { readLines, writeLine } from './link-lines.ts'

/** What is said when it happens. */
export type EdgeNews =
  | TunnelNews
  | { readonly type: 'health'; readonly reports: readonly HealthReport[] }
  | ({ readonly type: 'measures' } & Measures)

export interface LinkServerDeps {
  readonly role: EdgeRole
  readonly pid: number
  readonly log: Log
  /** Takes a table that is newer than the last one; it is acknowledged once this returns. */
  readonly takeTable: (table: RouteTable) => void
  readonly takeHealth: (reports: readonly HealthReport[]) => void
  readonly takeTls: (settings: TlsSettings) => void
  readonly takeChallenges: (challenges: readonly Challenge[]) => void
  readonly drain: (graceMs: number) => void
  readonly cut: (tunnel: string, reason: string) => void
  /** What a new listener is told at once. */
  readonly reports: () => readonly HealthReport[]
  readonly tunnels: () => readonly OpenTunnel[]
  readonly measures: (since: number) => Measures
}

export interface LinkServer {
  /** Listens at `path`, taking the place of a socket file that an earlier process has left. */
  listen(path: string): Promise<void>
  /** Tells everyone who listens. */
  tell(news: EdgeNews): void
  version(): number
  close(): void
}

/** Who steers this process: a control plane, a supervisor, and for health the DNS process. Few. */
const PEERS_MOST = 16

/** The edge's end of the link: hears tables, says what it serves. */
export function linkServer(deps: LinkServerDeps): LinkServer {
  const peers = new Set<Socket>()
  let version = 0
  let instance = ''

  const server = createServer((socket) => {
    if (peers.size >= PEERS_MOST) return void socket.destroy()
    peers.add(socket)
    socket.on('close', () => peers.delete(socket))
    socket.on('error', (error) => deps.log('debug', 'A peer of the link is gone', { error }))
    say(socket, { type: 'hello', role: deps.role, pid: deps.pid, version })
    sayWhatIs(socket, deps)
    readLines(socket, (message) => hear(socket, message))
    return undefined
  })

  function hear(socket: Socket, message: unknown): void {
    // Sent by our own processes alone: nobody else can open the socket.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const told = message as ToEdge
    switch (told.type) {
      case 'table':
        take(told.table)
        return say(socket, { type: 'ack', version })
      case 'health':
        return deps.takeHealth(told.reports)
      case 'tls':
        return deps.takeTls(told.settings)
      case 'challenges':
        deps.takeChallenges(told.challenges)
        return say(socket, { type: 'challenged', version: told.version })
      case 'measure':
        return say(socket, { type: 'measures', ...deps.measures(told.since) })
      case 'cut':
        return deps.cut(told.tunnel, told.reason)
      case 'drain':
        return deps.drain(told.graceMs)
    }
  }

  /** An older table is one that was long on the way; what is served already is newer. */
  function take(table: RouteTable): void {
    if (table.instance === instance && table.version <= version) return
    deps.takeTable(table)
    instance = table.instance
    version = table.version
  }

  return {
    version: () => version,
    tell(news) {
      for (const peer of peers) say(peer, news)
    },
    async listen(path) {
      // A server that closes removes the path it was given (libuv, uv_pipe_bind), which by then may be its
      // successor's; so it is given one of its own, and takes the real one in a single step.
      const own = `${path}.${deps.pid}`
      rmSync(own, { force: true })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(own, resolve)
      })
      renameSync(own, path)
    },
    close() {
      server.close()
      for (const peer of peers) peer.destroy()
    },
  }
}

/** What comes after this is told when it happens. */
function sayWhatIs(socket: Socket, { role, reports, tunnels }: LinkServerDeps): void {
  const known = reports()
  if (known.length > 0) say(socket, { type: 'health', reports: known })
  if (role !== 'dns') say(socket, { type: 'tunnels', open: tunnels() })
}

const say = (socket: Socket, message: FromEdge): void => writeLine(socket, message)
