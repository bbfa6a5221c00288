/**
 * What is chosen at the first start and kept: `instance.json` in the data directory. It is handed to
 * every process as an argument, so that only one place decides.
 */
export interface Instance {
  /** Sixteen characters; labels every object on the engine. */
  readonly id: string
  readonly dataDir: string
  readonly apiAddress: string
  readonly ingressAddress: string
  /** The ingress over TLS. */
  readonly httpsAddress: string
  readonly dnsAddress: string
  readonly pool: string
  /** Address on `lo` that containers ask for names; null where there is no isolation. */
  readonly resolver: string | null
  readonly isolated: boolean
  /** Resolvers that the operator has chosen; absent or none: the host's. */
  readonly dnsUpstreams?: readonly string[]
  /** Addresses of servers that may keep a copy of the domain's zone. */
  readonly dnsSecondaries?: readonly string[]
  /** Proxies in front of the ingress that may speak for clients, as ranges; absent: none. */
  readonly inFront?: {
    readonly proxyProtocol: readonly string[]
    readonly trusted: readonly string[]
  }
  /** User of the edge processes; null: the user who starts them. */
  readonly edgeUid: number | null
  readonly workers: number
}

/** The one machine that containers run on. */
export const THIS_NODE = 'local'

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Reads `127.0.0.1:80`, `[::]:80` or `:80`, which means all addresses. */
export function hostPort(text: string): HostPort {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replaceAll(/^\[|\]$/g, '')
  return { host: host === '' ? '::' : host, port: Number(text.slice(at + 1)) }
}

export const hostPortText = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Where the parts of the state are. Everything but `edge` is closed to the edge's user. */
export const placesIn = (dataDir: string) => ({
  instance: `${dataDir}/instance.json`,
  adminFile: `${dataDir}/admin.json`,
  lock: `${dataDir}/lock`,
  control: `${dataDir}/control`,
  database: `${dataDir}/control/cloudlet.db`,
  keys: `${dataDir}/control/keys.json`,
  edgeCounts: `${dataDir}/control/edge-counts.json`,
  backups: `${dataDir}/backups`,
  edge: `${dataDir}/edge`,
})
