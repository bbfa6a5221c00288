import { Hono } from 'hono'
import { ENDPOINTS } from '../contract/all.ts'
import { notFound } from '../core/failure.ts'
import type { Log } from '../log.ts'
import type { AuditService } from '../services/audit.ts'
import type { OpenStreams } from '../services/open-streams.ts'
import type { OnceService } from '../services/once.ts'
import { bearer, type Authenticate } from './authentication.ts'
import { crossOrigin } from './cors.ts'
import { identify, knownHosts, record, securityHeaders, singleHeaders } from './guards.ts'
import { otherMethods } from './methods.ts'
import { openApi } from './openapi.ts'
import { isFailureCode, problemOf, PROBLEMS, rendered } from './problem.ts'
import { countRequests, rateLimits, showStandings, type RateDeps } from './rate-limits.ts'
import { referencePages, type ReferenceScript } from './reference.ts'
import type { App, AppContext, AppEnv, Find } from './shell.ts'

export interface ApiDeps extends RateDeps {
  readonly authenticate: Authenticate
  readonly find: Find
  /** Whether browsers come over TLS. */
  readonly secureCookies: boolean
  readonly streams: Pick<OpenStreams, 'begin'>
  readonly audit: Pick<AuditService, 'refused'>
  readonly once: Pick<OnceService, 'run'>
  readonly log: Log
  readonly newRequestId: () => string
  readonly deadlineMs?: number
  readonly bodyMs?: number
  /** Aborted when the server is to stop: streams end then. */
  readonly stopping: AbortSignal
  /** Names under which the API may be called, beside `localhost` and addresses. */
  readonly hosts: readonly string[]
  /** By which the ingress is known, before which nobody else's word counts. */
  readonly edgeMarks?: readonly string[]
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[]
  readonly version: string
  readonly reference: ReferenceScript
  readonly routes: readonly ((app: App) => void)[]
}

/** Longer than anything takes that is answered from the database, or asked of the engine. */
const DEADLINE_MS = 30_000
/** A megabyte at 64 KiB a second. */
const BODY_MS = 16_000

/** The whole API: what every request meets, in this order, and behind it the routes. */
export function apiApp(deps: ApiDeps): App {
  const { authenticate, find, streams, once, stopping, newRequestId, log } = deps
  const app: App = new Hono<AppEnv>()
  const fail = (error: unknown, c: AppContext): Response => {
    const problem = problemOf(error, c.get('requestId'))
    c.set('problem', problem.code)
    if (problem.status === 500) log('error', 'Failed at a request', { error, path: c.req.path })
    return rendered(problem)
  }
  app.onError(fail)
  const methods = otherMethods(ENDPOINTS)
  app.notFound((c) => methods.optionsOf(c) ?? fail(methods.failureOf(c), c))

  const shell = {
    deadlineMs: deps.deadlineMs ?? DEADLINE_MS,
    bodyMs: deps.bodyMs ?? BODY_MS,
    authenticate: bearer(authenticate, deps.secureCookies),
    find,
    streams,
    once,
    stopping,
  }
  app.use(identify({ shell, newRequestId, edgeMarks: deps.edgeMarks ?? [] }))
  app.use(securityHeaders)
  app.use(crossOrigin(deps.corsOrigins))
  app.use(record(deps))
  app.use(showStandings)
  app.use(countRequests(rateLimits(deps)))
  app.use(knownHosts(deps.hosts))
  app.use(singleHeaders)

  // It takes longer to make than all the rest of a start, and most processes are never asked for it.
  let document: ReturnType<typeof openApi> | undefined
  app.get('/v1/openapi.json', (c) => {
    document ??= openApi(ENDPOINTS, { title: 'Cloudlet', version: deps.version })
    return c.json(document)
  })
  app.get('/problems/:code', problemPage)
  referencePages(app, deps.reference)
  for (const route of deps.routes) route(app)
  return app
}

/** `type` of a problem is an address, and this is what is there. */
function problemPage(c: AppContext): Response {
  const code = c.req.param('code') ?? ''
  if (!isFailureCode(code)) throw notFound('problem', code)
  const { status, title } = PROBLEMS[code]
  return c.text(`${code}: ${title}. It is answered with the status ${status}.\n`)
}
