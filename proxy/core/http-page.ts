/** Everything that the ingress itself answers. Codes are stable: scripts and tests read them. */
export interface Trouble {
  readonly status: number
  readonly code: TroubleCode
  /** What is wrong, in one sentence. */
  readonly wrong: string
  /** What to do about it, in one sentence. */
  readonly advice: string
  readonly retryAfterS?: number
  /** Where to ask instead. */
  readonly location?: string
  /** It is answered as problem details (RFC 9457), whatever else the client would take. */
  readonly isProblem?: boolean
}

type TroubleCode =
  | 'bad-request'
  | 'too-large'
  | 'unknown-host'
  | 'misdirected'
  | 'not-running'
  | 'suspended'
  | 'unhealthy'
  | 'starting'
  | 'busy'
  | 'connect-failed'
  | 'invalid-answer'
  | 'timeout'
  | 'slow-request'
  | 'loop'
  | 'ticket-refused'
  | 'tunnel-refused'
  | 'tls-only'
  | 'moved'
  | 'forbidden'
  | 'rate-limited'
  | 'maintenance'
  | 'api-away'
  | 'api-lost'

const REASONS: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
}

export interface PageShape {
  readonly html: boolean
  /** The answer to HEAD: every field, no content. */
  readonly headOnly: boolean
  readonly connection: '' | 'close' | 'keep-alive'
  readonly date: string
  readonly requestId: string
}

/** A whole answer, head and page, in UTF-8. */
export function troublePage(trouble: Trouble, shape: PageShape): string {
  const title = `${trouble.status} ${REASONS[trouble.status] ?? 'Error'}`
  const [kind, page] = pageOf(title, trouble, shape)
  const head = [
    `HTTP/1.1 ${title}`,
    `Content-Type: ${kind}`,
    `Content-Length: ${new TextEncoder().encode(page).length}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Cloudlet-Error: ${trouble.code}`,
    `X-Request-Id: ${shape.requestId}`,
    `Date: ${shape.date}`,
  ]
  if (kind === HTML)
    head.push("Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'")
  if (trouble.status === 405) head.push('Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
  // RFC 9110 §11.6.1.
  if (trouble.status === 401) head.push('WWW-Authenticate: Bearer realm="cloudlet tunnel"')
  if (trouble.location !== undefined) head.push(`Location: ${trouble.location}`)
  if (trouble.retryAfterS !== undefined) head.push(`Retry-After: ${trouble.retryAfterS}`)
  if (shape.connection !== '') head.push(`Connection: ${shape.connection}`)
  return `${head.join('\r\n')}\r\n\r\n${shape.headOnly ? '' : page}`
}

const HTML = 'text/html; charset=utf-8'

function pageOf(
  title: string,
  trouble: Trouble,
  { html, requestId }: PageShape,
): readonly [kind: string, page: string] {
  if (trouble.isProblem === true) {
    return ['application/problem+json', problemText(title, trouble, requestId)]
  }
  if (html) return [HTML, htmlPage(title, trouble)]
  return ['text/plain; charset=utf-8', textPage(title, trouble)]
}

function problemText(title: string, trouble: Trouble, requestId: string): string {
  const { status, code, wrong, advice, retryAfterS } = trouble
  return JSON.stringify({
    type: `/problems/${code}`,
    status,
    title: title.slice(4),
    detail: `${wrong}. ${advice}`,
    instance: `urn:request:${requestId}`,
    ...(retryAfterS === undefined ? {} : { retryAfterSeconds: retryAfterS }),
  })
}

function textPage(title: string, { wrong, advice }: Trouble): string {
  return `${title}\n\n${wrong}.\n${advice}.\n`
}

function htmlPage(title: string, { wrong, advice, code }: Trouble): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34em;padding:0 1em}
h1{font-size:1.25em}small{color:#777}</style>
<h1>${escaped(wrong)}.</h1>
<p>${escaped(advice)}.</p>
<small>${escaped(title)} · ${escaped(code)}</small>
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
