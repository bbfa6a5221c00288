/** Every bound of the ingress, in one place; tests set smaller ones. Heads: `core/http-parse.ts`. */
export const INGRESS_LIMITS = {
  /** Open client connections; further ones are answered 503 and closed. */
  connections: 10_000,
  /** Of these one address may have; this host itself, behind which others may be, has no such bound. */
  connectionsPerAddress: 1_000,
  /** Requests under way to one tenant's apps, open WebSockets among them (503): the rest is for the others. */
  requestsPerTenant: 6_000,
  /** From the connection to the end of the header by which a proxy in front names its client. */
  proxyHeaderMs: 5_000,
  /** To the platform's API, of one address (of IPv6 a /64), streams among them: all workers have half of what it takes. */
  apiRequestsPerAddress: 256,
  /** From the connection to the end of the TLS handshake. */
  handshakeMs: 10_000,
  /** From the first byte of a head to its last (408). */
  headMs: 10_000,
  /** Between two requests on a connection, and before the first. */
  idleMs: 60_000,
  /** Between two pieces of a request's content (408). */
  bodyGapMs: 60_000,
  /** A request's content as a whole (413); a bound against endless streams, not a quota. */
  bodyBytes: 2 ** 40,
  connectMs: 5_000,
  /** From the last byte of the request to the head of the answer (504). */
  responseHeadMs: 60_000,
  /** The same for the platform's API, which may be asked to wait for a minute, and has half of one for itself. */
  apiResponseHeadMs: 120_000,
  /** Between two pieces of an answer: long, since silent event streams are common. */
  responseGapMs: 3_600_000,
  /** A peer that takes nothing of what is written to it. */
  writeStallMs: 60_000,
  tunnelIdleMs: 3_600_000,
  /** A client that has closed its half and still waits for something to move. */
  halfOpenMs: 10_000,
  /** While draining: how long an idle connection may still bring one more request. */
  drainIdleMs: 2_000,
  /** After the last answer: time and bytes to read on, so that a reset does not eat the answer. */
  lingerMs: 2_000,
  lingerBytes: 64 * 1024,
  /** Below the 5 s after which Node, the commonest backend, closes an idle connection. */
  upstreamIdleMs: 3_500,
  /** Never more than were in use at once: a new connection for each request costs twice the request. */
  upstreamIdlePerMember: 1024,
  /** How long a request waits for a member that is starting (503). */
  holdMs: 10_000,
  heldPerApp: 100,
  held: 1_000,
  holdRetryFirstMs: 5,
  holdRetryLastMs: 50,
  /** Requests that wait until a member of their app has room for them, and how long they do (503). */
  queuedPerApp: 100,
  queueMs: 10_000,
  /** A process that runs this long and refuses connections is not starting any more. */
  settleMs: 10_000,
  /** Failures in a row after which a member is asked last, and for how long: each further one doubles it. */
  failuresToEject: 3,
  ejectFirstMs: 5_000,
  ejectLastMs: 60_000,
  /** Members tried for one request. */
  tries: 3,
  /** 1xx answers before the real one. */
  informational: 16,
  /** Passes through this ingress before a request is called a loop (508). */
  passes: 5,
  /** Open port tunnels of this worker, and of one tenant of them (503). */
  portTunnels: 256,
  portTunnelsPerTenant: 32,
  /** Connections at a time in one tunnel; a further one is reset. */
  portTunnelStreams: 128,
  /** What the windows of all streams may have beyond what each begins with. */
  portTunnelPoolBytes: 64 * 1024 * 1024,
  /** A client asks every 15 s whether the tunnel lives. */
  portTunnelSilenceMs: 60_000,
  /** How often deadlines are looked at: a deadline is late by this much at most. */
  sweepMs: 250,
}

export type IngressLimits = Readonly<typeof INGRESS_LIMITS>
