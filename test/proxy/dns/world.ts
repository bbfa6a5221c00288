import { randomInt } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { Endpoint } from '../../../proxy/core/dns-resolvers.ts'
import type { HealthReport, Member, RouteTable } from '../../../proxy/core/route-table.ts'
import { NO_TABLE } from '../../../proxy/core/zone.ts'
import { responder, type Responder, type ResponderDeps } from '../../../proxy/dns/responder.ts'

export function member(fields: Partial<Member> & Pick<Member, 'name' | 'tenant'>): Member {
  return {
    id: `${fields.tenant}-${fields.name}`,
    address: '127.0.0.2',
    state: 'running',
    run: 1,
    port: 80,
    check: null,
    ...fields,
  }
}

/** The loopback network plays the pool, so that a test can ask as any container. */
export function table(members: readonly Member[], tenants: readonly string[] = []): RouteTable {
  return {
    ...NO_TABLE,
    version: 1,
    instance: 'test',
    domains: ['cloud.local', 'localhost'],
    pool: '127.0.0.0/24',
    tenants,
    members,
  }
}

/** Outside the pool, so it is the host. */
export const HOST_SOURCE = '127.1.0.1'

export interface World {
  readonly dns: Responder
  readonly at: Endpoint
}

/** A responder on a port of its own, which ends with the test. */
export async function world(
  t: TestContext,
  given: {
    readonly table?: RouteTable
    readonly health?: readonly HealthReport[]
    readonly resolvers?: readonly string[]
    readonly limits?: ResponderDeps['limits']
    readonly now?: () => number
    readonly ca?: string
    readonly secondaries?: readonly string[]
    readonly ingress?: string
    readonly log?: ResponderDeps['log']
  },
): Promise<World> {
  const dns = responder({
    log: given.log ?? (() => undefined),
    now: given.now ?? (() => performance.now()),
    randomId: () => randomInt(65536),
    resolvers: async () => given.resolvers ?? [],
    ...(given.limits === undefined ? {} : { limits: given.limits }),
    ...(given.ingress === undefined ? {} : { ingress: given.ingress }),
    ...(given.secondaries === undefined ? {} : { secondaries: given.secondaries }),
    ...(given.ca === undefined ? {} : { ca: given.ca }),
  })
  if (given.table !== undefined) dns.update(given.table, given.health ?? [])
  const { signal } = new AbortController()
  const [at] = await dns.listen([{ host: '127.2.0.1', port: 0 }], { reusePort: false }, signal)
  t.after(() => dns.close(0))
  if (at === undefined) throw new Error('nothing listens')
  return { dns, at }
}

/** Lets other things happen until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came true: ${String(condition)}`)
    await new Promise((done) => {
      setImmediate(done)
    })
  }
}
