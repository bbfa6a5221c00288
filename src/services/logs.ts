import type { Store } from '../../db/open.ts'
import type { LogLine } from '../contract/containers.ts'
import { dockerName } from '../core/docker-names.ts'
import { engineAway, notFound } from '../core/failure.ts'
import { EngineAway, EngineRefusal, type Engine } from '../ports/engine.ts'
import { tenantBySlug } from './tenant-lookup.ts'

export interface LogDeps {
  readonly store: Store
  /** Reads only. */
  readonly engine: Pick<Engine, 'logs'>
}

export interface LogsAsked {
  readonly tail?: number | undefined
  readonly since?: string | undefined
  readonly follow: boolean
  readonly stream: 'stdout' | 'stderr' | 'all'
}

export function logService({ store, engine }: LogDeps) {
  return {
    async *ofContainer(
      at: { readonly tenant: string; readonly container: string },
      asked: LogsAsked,
      signal: AbortSignal,
    ): AsyncGenerator<LogLine> {
      const tenant = await tenantBySlug(store.read, at.tenant)
      const placed = await store.read.containers.find(tenant.id, at.container)
      if (!placed) throw notFound('container', at.container)
      const name = dockerName(at.tenant, 'container', placed.row.id)
      const wanted = {
        follow: asked.follow,
        streams: asked.stream === 'all' ? (['stdout', 'stderr'] as const) : [asked.stream],
        ...(asked.tail === undefined ? {} : { tail: asked.tail }),
        ...(asked.since === undefined ? {} : { since: new Date(asked.since) }),
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
