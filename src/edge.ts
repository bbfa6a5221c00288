import { rmSync } from 'node:fs'
import * as modules from 'node:module'
import type { RouteTable } from '../proxy/core/route-table.ts'
import type { TlsSettings } from '../proxy/core/server-names.ts'
import { linkServer, type LinkServerDeps } from '../proxy/link-server.ts'
import { drainingSocket, type EdgeRole } from '../proxy/link.ts'
import type { Role } from './edge/role.ts'
import { lastWord } from './edge/last-word.ts'
import { placesIn, type Instance } from './instance.ts'
import { jsonLog, type LogLevel } from './log.ts'

/**
 * One process of the edge: a worker of the ingress, or the DNS responder with the health checks. Binds
 * its ports, gives up every privilege, and only then takes its first byte from anyone.
 */

interface Argument {
  readonly instance: Instance
  readonly role: EdgeRole
  readonly level: LogLevel
}

const TERM_GRACE_MS = 8_000
/** No other process has had both. */
const epoch = `${process.pid} ${Date.now()}`

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the supervisor alone
const { instance, role, level } = JSON.parse(process.argv[2] ?? '{}') as Argument
const log = jsonLog({
  part: role,
  least: level,
  now: () => new Date(),
  write: (line) => process.stderr.write(line),
})
// Whoever started this process and its terminal may be gone; it goes on.
process.stderr.on('error', () => undefined)

/** Of the two a process needs one, and is smaller without the other. */
async function partOf(wanted: EdgeRole): Promise<Role> {
  if (wanted === 'dns') return (await import('./edge/dns-role.ts')).dnsRole(instance, log)
  return (await import('./edge/ingress-role.ts')).ingressRole(instance, log)
}

async function main(): Promise<void> {
  process.chdir(placesIn(instance.dataDir).edge)
  const part = await partOf(role)
  await part.listen(new AbortController().signal)
  // While it may still write there: whoever starts next has nothing to compile, which takes 30 MiB. Deno keeps its own.
  if ('flushCompileCache' in modules) modules.flushCompileCache()
  if (instance.edgeUid !== null) process.setuid?.(instance.edgeUid)
  if (process.getuid?.() === 0) throw new Error('The edge must not run as root')

  const file = lastWord<RouteTable>('table.json', log)
  const tlsFile = lastWord<TlsSettings>('tls.json', log)
  const words: LinkServerDeps = {
    role,
    pid: process.pid,
    log,
    reports: part.reports,
    takeHealth: part.takeHealth,
    takeTable(table) {
      part.takeTable(table)
      if (role === 'dns') file.keep(table)
    },
    takeTls(settings) {
      part.takeTls(settings)
      if (role === 'ingress-0') tlsFile.keep(settings)
    },
    takeChallenges: part.takeChallenges,
    tunnels: part.tunnels,
    measures: (since) => ({ role, epoch, ...part.measures(since) }),
    cut: part.cut,
    drain: (graceMs) => void drain(graceMs),
  }
  let link = linkServer(words)
  let draining: Promise<void> | undefined
  function drain(graceMs: number): Promise<void> {
    draining ??= begun(graceMs).finally(() => process.exit(0))
    return draining
  }

  /** Whoever has asked before would not hear of what has been counted since. */
  const sayAll = (): void => link.tell({ type: 'measures', ...words.measures(0) })

  /** Its place is another's now; whoever steers it finds it at a place of its own until it ends. */
  async function begun(graceMs: number): Promise<void> {
    sayAll()
    link.close()
    const path = drainingSocket(process.pid)
    const drained = part.drain(graceMs)
    if (role !== 'dns') {
      link = linkServer(words)
      await link.listen(path)
    }
    await drained
    sayAll()
    rmSync(path, { force: true })
  }
  process.on('SIGTERM', () => void drain(TERM_GRACE_MS))
  const tls = role === 'dns' ? undefined : tlsFile.read()
  if (tls) part.takeTls(tls)
  const last = file.read()
  if (last) part.takeTable(last)
  await link.listen(`${role}.sock`)
  part.begin((news) => link.tell(news))
  log('info', 'Edge process serves', { pid: process.pid, version: last?.version ?? 0 })
}

main().catch((error: unknown) => {
  log('error', 'The edge process cannot run', { error })
  process.exit(1)
})
