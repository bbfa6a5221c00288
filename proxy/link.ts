import type { HealthReport, RouteTable } from './core/route-table.ts'

/**
 * The words between an edge process and those who steer it, one JSON document a line, over the Unix
 * socket on which each edge process listens. Only root and the edge's own user can open that socket.
 */
export type ToEdge =
  | { readonly type: 'table'; readonly table: RouteTable }
  | { readonly type: 'health'; readonly reports: readonly HealthReport[] }
  /** Stop listening, finish what is under way within the time, exit. */
  | { readonly type: 'drain'; readonly graceMs: number }

export type FromEdge =
  | {
      readonly type: 'hello'
      readonly role: EdgeRole
      readonly pid: number
      /** Version of the table it serves; 0: none yet. */
      readonly version: number
    }
  | { readonly type: 'ack'; readonly version: number }
  /** Sent by the DNS process alone, which owns the health checks: first everything known, then changes. */
  | { readonly type: 'health'; readonly reports: readonly HealthReport[] }

export type EdgeRole = 'dns' | `ingress-${number}`
