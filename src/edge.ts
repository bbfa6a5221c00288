import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { ingress } from '../proxy/ingress/ingress.ts'
import { responder } from '../proxy/dns/responder.ts'
import { hostResolvers } from '../proxy/dns/host-resolvers.ts'
import { healthChecker } from '../proxy/health/checker.ts'
import { linkClient } from '../proxy/link-client.ts'
import { linkServer } from '../proxy/link-server.ts'
import type { EdgeRole } from '../proxy/link.ts'
import type { HealthReport, RouteTable } from '../proxy/core/route-table.ts'
import { hostPort, placesIn, type Instance } from './instance.ts'
import { jsonLog, type Log, type LogLevel } from './log.ts'

/**
 * One process of the edge: a worker of the ingress, or the DNS responder with the health checks. Binds
 * its ports, gives up every privilege, and only then takes its first byte from anyone.
 */

interface Argument {
  readonly instance: Instance
  readonly role: EdgeRole
  readonly level: LogLevel
}

/** What either kind of process is to the rest of this file. */
interface Role {
  listen(signal: AbortSignal): Promise<void>
  takeTable(table: RouteTable): void
  takeHealth(reports: readonly HealthReport[]): void
  reports(): readonly HealthReport[]
  /** Called once the link is there to speak through. */
  begin(tellHealth: (reports: readonly HealthReport[]) => void): void
  drain(graceMs: number): Promise<void>
}

const TERM_GRACE_MS = 8_000
/** Relative to the edge's folder, where the process lives: the way there may be closed to its user. */
const TABLE_FILE = 'table.json'

// Made by the supervisor alone.
const { instance, role, level } = JSON.parse(process.argv[2] ?? '{}') as Argument
const log = jsonLog({
  part: role,
  least: level,
  now: () => new Date(),
  write: (line) => process.stderr.write(line),
})
// Whoever started this process and its terminal may be gone; it goes on.
process.stderr.on('error', () => undefined)

async function main(): Promise<void> {
  process.chdir(placesIn(instance.dataDir).edge)
  const ending = new AbortController()
  const part = role === 'dns' ? dnsRole() : ingressRole()
  await part.listen(ending.signal)
  if (instance.edgeUid !== null) process.setuid?.(instance.edgeUid)
  if (process.getuid?.() === 0) throw new Error('The edge must not run as root')

  const link = linkServer({
    role,
    pid: process.pid,
    log,
    reports: part.reports,
    takeHealth: part.takeHealth,
    takeTable(table) {
      part.takeTable(table)
      if (role === 'dns') keepTable(table)
    },
    drain: (graceMs) => void drain(graceMs),
  })
  const drain = once(async (graceMs: number) => {
    link.close()
    await part.drain(graceMs)
    process.exit(0)
  })
  process.on('SIGTERM', () => void drain(TERM_GRACE_MS))
  const last = lastTable()
  if (last) part.takeTable(last)
  await link.listen(`${role}.sock`)
  part.begin(link.tellHealth)
  log('info', 'Edge process serves', { pid: process.pid, version: last?.version ?? 0 })
}

function ingressRole(): Role {
  const proxy = ingress({ log, newRequestId: randomUUID, now: Date.now })
  let health: readonly HealthReport[] = []
  return {
    async listen(signal) {
      await proxy.listen({ ...hostPort(instance.ingressAddress), reusePort: true }, signal)
    },
    takeTable: (table) => proxy.update({ table }),
    takeHealth(reports) {
      health = reports
      proxy.update({ health: reports })
    },
    reports: () => health,
    begin: () => undefined,
    drain: (graceMs) => proxy.drain(graceMs),
  }
}

function dnsRole(): Role {
  const now = (): number => performance.now()
  const read = (): Promise<string> => readFile('/etc/resolv.conf', 'utf8')
  const resolvers = hostResolvers({ read, now, log })
  const dns = responder({ log, now, randomId: () => randomInt(65_536), resolvers })
  const checker = healthChecker({ log, now })
  const workers = Array.from({ length: instance.workers }, (_, i) => `ingress-${i}.sock`)
  let table: RouteTable | undefined
  const tell = (
    reports: readonly HealthReport[],
    links: readonly ReturnType<typeof linkClient>[],
  ): void => {
    for (const link of links) link.send({ type: 'health', reports })
  }
  return {
    async listen(signal) {
      const host = hostPort(instance.dnsAddress)
      const inside = instance.resolver === null ? [] : [{ host: instance.resolver, port: 53 }]
      const reusePort = !('Deno' in globalThis)
      await dns.listen([host, ...inside], { reusePort }, signal)
    },
    takeTable(next) {
      table = next
      checker.update(next)
      dns.update(next, checker.reports())
    },
    takeHealth: () => undefined,
    reports: () => checker.reports(),
    begin(tellHealth) {
      const links = workers.map((path) => {
        const link = linkClient({
          path,
          after,
          hear(message) {
            if (message?.type === 'hello') link.send({ type: 'health', reports: checker.reports() })
          },
        })
        return link
      })
      checker.onChange((reports) => {
        if (table) dns.update(table, checker.reports())
        tellHealth(reports)
        tell(reports, links)
      })
    },
    async drain(graceMs) {
      checker.close()
      await dns.close(graceMs)
    },
  }
}

/** Read at the start, so that a new process serves before the control plane has spoken, or without it. */
function lastTable(): RouteTable | undefined {
  if (!existsSync(TABLE_FILE)) return undefined
  try {
    // Written by `keepTable` alone.
    return JSON.parse(readFileSync(TABLE_FILE, 'utf8')) as RouteTable
  } catch (error) {
    log('warn', 'Cannot read the last route table', { error })
    return undefined
  }
}

let keeping: Promise<void> | undefined
let toKeep: RouteTable | undefined

/** Keeps the newest table on disk; while one is being written, only the newest after it waits. */
function keepTable(table: RouteTable): void {
  toKeep = table
  keeping ??= writeTables()
    .catch((error: unknown) => log('warn', 'Cannot keep the route table', { error }))
    .finally(() => (keeping = undefined))
}

async function writeTables(): Promise<void> {
  while (toKeep) {
    const text = JSON.stringify(toKeep)
    toKeep = undefined
    // oxlint-disable-next-line no-await-in-loop -- one after the other, or an older one could win
    await writeFile(`${TABLE_FILE}.new`, text, { mode: 0o600 })
    // oxlint-disable-next-line no-await-in-loop
    await rename(`${TABLE_FILE}.new`, TABLE_FILE)
  }
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

function once<A>(run: (argument: A) => Promise<void>): (argument: A) => Promise<void> {
  let running: Promise<void> | undefined
  return (argument) => (running ??= run(argument))
}

main().catch((error: unknown) => {
  log('error', 'The edge process cannot run', { error })
  process.exit(1)
})
