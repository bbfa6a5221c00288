import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { HealthReport, RouteTable } from '../../proxy/core/route-table.ts'
import { hostResolvers } from '../../proxy/dns/host-resolvers.ts'
import { responder } from '../../proxy/dns/responder.ts'
import { healthChecker } from '../../proxy/health/checker.ts'
import { linkClient, type LinkClient } from '../../proxy/link-client.ts'
import { systemTimers } from '../adapters/system.ts'
import { hostPort, type Instance } from '../instance.ts'
import type { Log } from '../log.ts'
import type { Role } from './role.ts'

/** The DNS responder, and the health checks, whose findings every other edge process is told. */
export function dnsRole(instance: Instance, log: Log): Role {
  const chosen = instance.dnsUpstreams ?? []
  const ofHost = hostResolvers({ read: resolvConf, now, log })
  const resolvers = async () => (chosen.length > 0 ? chosen : ofHost())
  const { host: ingress } = hostPort(instance.ingressAddress)
  const dns = responder({
    log,
    now,
    randomId: () => randomInt(65_536),
    resolvers,
    ingress,
    secondaries: instance.dnsSecondaries ?? [],
  })
  const checker = healthChecker({ log, now })
  let table: RouteTable | undefined
  return {
    async listen(signal) {
      const host = hostPort(instance.dnsAddress)
      const inside = instance.resolver === null ? [] : [{ host: instance.resolver, port: 53 }]
      // Deno cannot share a UDP port between processes.
      await dns.listen([host, ...inside], { reusePort: !('Deno' in globalThis) }, signal)
    },
    takeTable(next) {
      table = next
      checker.update(next)
      dns.update(next, checker.reports())
    },
    takeHealth: () => undefined,
    takeTls: () => undefined,
    takeChallenges: () => undefined,
    reports: () => checker.reports(),
    tunnels: () => [],
    measures(since) {
      const { down, looping, ...counters } = dns.counters()
      const tenants = new Set(table?.tenants)
      return {
        ...dns.measures(since, (tenant) => tenants.has(tenant)),
        process: { ...counters, down: down.length, looping: looping.length },
      }
    },
    cut: () => undefined,
    begin(tell) {
      const workers = Array.from({ length: instance.workers }, (_, i) => `ingress-${i}.sock`)
      const links = workers.map((path) => workerLink(path, () => checker.reports()))
      checker.onChange((reports) => {
        if (table) dns.update(table, checker.reports())
        tell({ type: 'health', reports })
        for (const link of links) link.send({ type: 'health', reports })
      })
    },
    async drain(graceMs) {
      checker.close()
      await dns.close(graceMs)
    },
  }
}

/** A worker that comes up is told everything that is known. */
function workerLink(path: string, reports: () => readonly HealthReport[]): LinkClient {
  const link = linkClient({
    path,
    after: systemTimers.after,
    hear(message) {
      if (message?.type === 'hello') link.send({ type: 'health', reports: reports() })
    },
  })
  return link
}

const now = (): number => performance.now()
const resolvConf = (): Promise<string> => readFile('/etc/resolv.conf', 'utf8')
