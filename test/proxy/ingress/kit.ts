import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { connect, createServer as createRawServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Balance } from '../../../proxy/core/route.ts'
import type { Route } from '../../../proxy/core/route.ts'
import type { Member, RouteTable } from '../../../proxy/core/route-table.ts'
import { ingress } from '../../../proxy/ingress/ingress.ts'
import type { Ingress } from '../../../proxy/ingress/ingress.ts'
import type { IngressLimits } from '../../../proxy/ingress/limits.ts'
import type { InFront } from '../../../proxy/ingress/senders.ts'

/** How long any test waits for anything before it fails. */
const PATIENCE_MS = 10_000

export const HOST = 'hello.demo.cloud.local'

export interface World {
  readonly edge: Ingress
  readonly port: number
  /** Puts a table with these members in place. */
  readonly serve: (members: readonly Member[]) => void
  /** The next table, with apps by further hosts. */
  readonly tableOf: (
    members: readonly Member[],
    hosts: Readonly<Record<string, string>>,
  ) => RouteTable
}

/** An ingress on a port of its own, gone with the test. */
export const world = (
  t: TestContext,
  limits: Partial<IngressLimits> = {},
  balance: Balance = { kind: 'round-robin' },
): Promise<World> => worldOf(t, { limits, balance })

export interface WorldWanted {
  readonly limits?: Partial<IngressLimits>
  readonly balance?: Balance
  readonly inFront?: Partial<InFront>
}

/** The same, with whatever else it may be told. */
export async function worldOf(
  t: TestContext,
  { limits = {}, balance = { kind: 'round-robin' }, inFront = {} }: WorldWanted,
): Promise<World> {
  let ids = 0
  let version = 0
  const edge = ingress({
    log: () => undefined,
    now: Date.now,
    newRequestId: () => `request-${(ids += 1)}`,
    limits: { sweepMs: 20, ...limits },
    balance,
    tunnels: { spend: () => true, told: () => undefined },
    inFront: { proxyProtocol: [], trusted: [], ...inFront },
  })
  const { port } = await edge.listen({ host: '127.0.0.1', port: 0 }, new AbortController().signal)
  t.after(() => edge.drain(0))
  return {
    edge,
    port,
    serve: (members) => edge.update({ table: table(members, (version += 1)) }),
    tableOf: (members, hosts) => ({
      ...table(members, (version += 1)),
      routes: Object.entries(hosts).map(([host, app]) => routeTo(app, host)),
    }),
  }
}

function routeTo(app: string, host: string): Route {
  const match = { pathPrefix: '/', methods: [], headers: [] }
  const [tenant, targets] = [app.slice(app.indexOf('.') + 1), [{ app, weight: 1 }]]
  return { id: host, tenant, name: host, hosts: [host], match, targets, policy: {} }
}

export function table(members: readonly Member[], version = 1): RouteTable {
  return {
    version,
    instance: 'test',
    domains: ['cloud.local', 'localhost'],
    internalDomain: 'internal',
    pool: '10.208.0.0/12',
    tenants: ['demo'],
    members,
  }
}

export function member(port: number, over: Partial<Member> = {}): Member {
  return {
    id: `member-${port}`,
    tenant: 'demo',
    name: 'hello',
    address: '127.0.0.1',
    state: 'running',
    run: 1,
    port,
    check: null,
    ...over,
  }
}

/** The check of a member whose health has to be reported. */
export const CHECK = {
  kind: 'http',
  port: 1,
  path: '/healthz',
  intervalMs: 1000,
  timeoutMs: 1000,
  retries: 3,
  startPeriodMs: 0,
} as const

export interface Backend {
  readonly port: number
  /** Connections taken so far. */
  readonly connections: () => number
}

export async function backend(t: TestContext, listener: RequestListener): Promise<Backend> {
  const server = createServer(listener)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return counted(server)
}

/** A member that speaks for itself, byte by byte. */
export async function rawBackend(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<Backend> {
  const sockets = new Set<Socket>()
  const server = createRawServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return counted(server)
}

async function counted(server: Server): Promise<Backend> {
  let connections = 0
  server.on('connection', () => (connections += 1))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return { port: portOf(server), connections: () => connections }
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createRawServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const port = portOf(server)
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}

function portOf(server: Server): number {
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

/** A client that says exactly the bytes it is given. */
export class RawClient {
  readonly socket: Socket
  #received: Buffer[] = []
  #isClosed = false
  #wasReset = false

  constructor(t: TestContext, port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    this.socket.setNoDelay(true)
    this.socket.on('data', (bytes) => this.#received.push(bytes))
    this.socket.on('error', () => (this.#wasReset = true))
    this.socket.on('end', () => (this.#isClosed = true))
    this.socket.on('close', () => (this.#isClosed = true))
    t.after(() => this.socket.destroy())
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get wasReset(): boolean {
    return this.#wasReset
  }

  say(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** All it has heard, once that contains `part`. */
  async hears(part: string): Promise<string> {
    await until(
      () => this.text.includes(part),
      () => `"${part}" in ${JSON.stringify(this.text)}`,
    )
    return this.text
  }

  /** All it has heard, once the other side has closed. */
  async closed(): Promise<string> {
    await until(
      () => this.#isClosed,
      () => `the end after ${JSON.stringify(this.text)}`,
    )
    return this.text
  }
}

/** Says it all at once and waits for the end of the connection. */
export async function ask(t: TestContext, port: number, text: string): Promise<string> {
  const client = new RawClient(t, port)
  client.say(text)
  return client.closed()
}

export function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\r\n`).join('')
}

export function get(path: string, ...fields: readonly string[]): string {
  return lines(`GET ${path} HTTP/1.1`, `Host: ${HOST}`, ...fields, '')
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

/** Waits for a condition, for a bounded time. */
export async function until(holds: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (Date.now() > deadline) assert.fail(`waited in vain for ${what()}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
}
