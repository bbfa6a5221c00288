import type { TlsSettings } from '../../proxy/core/server-names.ts'

/** Hands the ingress what it ends TLS with, now and to each worker that comes up later. */
export interface TlsEdge {
  secure(settings: TlsSettings): void
}
