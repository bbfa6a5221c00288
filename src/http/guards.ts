import type { MiddlewareHandler } from 'hono'
import { failure, wrongField } from '../core/failure.ts'
import type { Log } from '../log.ts'
import { sourceOf } from './edge-word.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from '../services/audit.ts'
import { actorOf, type AppContext, type AppEnv, type Shell } from './shell.ts'

/** What an id of a request may look like when the client brings its own. */
const REQUEST_ID = /^[A-Za-z0-9-]{8,64}$/

interface IdentifyDeps {
  readonly shell: Shell
  readonly newRequestId: () => string
  /** By which the ingress is known; none: it serves no API. */
  readonly edgeMarks?: readonly string[]
}

/** Gives each request its id, and says where it comes from. */
export function identify({
  shell,
  newRequestId,
  edgeMarks = [],
}: IdentifyDeps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const given = c.req.header('x-request-id') ?? ''
    const requestId = REQUEST_ID.test(given) ? given : newRequestId()
    c.set('shell', shell)
    c.set('requestId', requestId)
    c.set(
      'sourceAddress',
      sourceOf({ field: (name) => c.req.header(name), peer: peerOf(c) }, edgeMarks),
    )
    await next()
    c.res.headers.set('x-request-id', requestId)
    // Nothing more is taken on this connection, so that the server can end.
    if (shell.stopping.aborted) c.res.headers.set('connection', 'close')
  }
}

/** The peer of the connection. */
function peerOf(c: AppContext): string {
  const address = c.env?.incoming?.socket?.remoteAddress ?? '-'
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}

/** For answers that are documents; pages set their own. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'"

export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  const { headers } = c.res
  headers.set('x-content-type-options', 'nosniff')
  headers.set('x-frame-options', 'DENY')
  headers.set('referrer-policy', 'no-referrer')
  // An origin that is allowed to read has been given more.
  if (!headers.has('cross-origin-resource-policy')) {
    headers.set('cross-origin-resource-policy', 'same-origin')
  }
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', NO_PAGE)
}

/**
 * A page of a stranger can have its own name resolved to our address, and then counts as of our
 * origin (DNS rebinding). So names are known ones; addresses are fine, as no page is served under them
 * that is not ours.
 */
export function knownHosts(names: readonly string[]): MiddlewareHandler<AppEnv> {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())])
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host
    const name = host.replace(/:\d{1,5}$/, '').toLowerCase()
    if (known.has(name) || /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^\[[\da-f:.]+\]$/.test(name)) {
      return next()
    }
    const setting = 'CLOUDLET_API_HOSTS'
    const message = `Cannot answer under this host name; ${setting} lists those that are known`
    throw failure('host-unknown', message, { setting })
  }
}

/** Those of which a second one would be read by somebody else than who read the first. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-type',
  'host',
  'idempotency-key',
  'if-match',
])

/** Node joins some headers that come twice, and drops others. */
export const singleHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  const raw = c.env?.incoming?.rawHeaders ?? []
  const seen = new Set<string>()
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? ''
    if (SINGLE.has(name) && seen.has(name)) throw wrongField(`header#/${name}`, 'it is there twice')
    seen.add(name)
  }
  await next()
}

interface RecordDeps {
  readonly log: Log
  readonly clock: Clock
  readonly audit: Pick<AuditService, 'refused'>
}

/** Logs each request, and writes those into the audit log that wanted to change something and did not. */
export function record({ log, clock, audit }: RecordDeps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const begun = clock.now().getTime()
    await next()
    const { status } = c.res
    log(status >= 500 ? 'warn' : 'debug', 'Answered a request', {
      method: c.req.method,
      path: c.req.path,
      status,
      ms: clock.now().getTime() - begun,
      requestId: c.get('requestId'),
      actor: actorOf(c).name,
      source: c.get('sourceAddress'),
    })
    // Too many requests must cost nothing but memory.
    if (status < 400 || status === 429 || c.get('accepted') === true || !isMutating(c)) return
    try {
      await audit.refused(actorOf(c), {
        action: c.get('endpoint')?.id ?? '-',
        tenant: c.get('caller')?.tenant ?? null,
        target: c.req.path,
        result: c.get('problem') ?? 'unknown',
        status,
      })
    } catch (error) {
      // The refusal stands, whether or not the disk has room for the note of it.
      log('error', 'Cannot write a refusal into the audit log', { error })
    }
  }
}

/** A question that is too long for a path is asked by POST and changes nothing. */
function isMutating(c: AppContext): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) return false
  return c.get('endpoint')?.permission.endsWith(':read') !== true
}
