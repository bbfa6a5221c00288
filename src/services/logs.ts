import type { Store } from '../../db/open.ts'
import type { LogLine } from '../contract/containers.ts'
import { dockerName } from '../core/docker-names.ts'
import { engineAway, notFound } from '../core/failure.ts'
import { keptSince } from '../core/quota.ts'
import type { Clock } from '../ports/clock.ts'
import { EngineAway, EngineRefusal, type Engine } from '../ports/engine.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface LogDeps {
  readonly store: Store
  readonly clock: Clock
  /** Reads only. */
  readonly engine: Pick<Engine, 'logs'>
}

const EPOCH = new Date(0).toISOString()

export interface LogsAsked {
  readonly tail?: number | undefined
  readonly since?: string | undefined
  readonly follow: boolean
  readonly stream: 'stdout' | 'stderr' | 'all'
}

export function logService({ store, engine, clock }: LogDeps) {
  /** The engine keeps a log by its bytes; what is older than the retention is there, and not shown. */
  async function shownSince(tenantId: string): Promise<number> {
    const own = (await store.read.limits.ofTenants([tenantId])).get(tenantId)
    const ofAll = await store.read.limits.ofPlatform()
    const spans = [own?.logRetentionSeconds, ofAll.logRetentionSeconds]
    return keptSince(clock.now().getTime(), spans)
  }

  return {
    async *ofContainer(
      at: { readonly tenant: string; readonly container: string },
      asked: LogsAsked,
      signal: AbortSignal,
    ): AsyncGenerator<LogLine> {
      const tenant = await tenantBySlug(store.read, at.tenant)
      const placed = await store.read.containers.find(tenant.id, at.container)
      if (!placed) throw notFound('container', at.container)
      const sinceMs = Math.max(await shownSince(tenant.id), Date.parse(asked.since ?? EPOCH))
      const name = dockerName(at.tenant, 'container', placed.row.id)
      const wanted = {
        follow: asked.follow,
        streams: asked.stream === 'all' ? (['stdout', 'stderr'] as const) : [asked.stream],
        ...(asked.tail === undefined ? {} : { tail: asked.tail }),
        ...(sinceMs > 0 && { since: new Date(sinceMs) }),
      }
      try {
        for await (const { time, stream, line } of engine.logs(name, wanted, signal)) {
          yield { time: time?.toISOString() ?? null, stream, line }
        }
      } catch (error) {
        // Not made yet, or already gone: there is no log, which is no failure.
        if (error instanceof EngineRefusal && error.status === 404) return
        throw error instanceof EngineAway ? engineAway('read the log') : error
      }
    },
  }
}
export type LogService = ReturnType<typeof logService>
