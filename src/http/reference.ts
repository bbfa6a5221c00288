import type { App } from './shell.ts'

/** Scalar's program for the browser, as one file that asks nobody for anything. */
export interface ReferenceScript {
  /** Compressed with Brotli, as it is kept. */
  compressed(): Promise<Uint8Array<ArrayBuffer>>
  plain(): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * Scalar sets styles from its program, hence `unsafe-inline` for styles alone. `connect-src` keeps it
 * from its own services: nothing that is typed into the page can leave for anywhere but this API.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cloudlet: the API</title>
</head>
<body>
<div id="reference"></div>
<script src="/docs/scalar.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const START = `Scalar.createApiReference('#reference', {
  url: '/v1/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
})
`

const SCRIPT_TYPE = 'text/javascript; charset=utf-8'

/** The reference page: public, as the document that it shows. */
export function referencePages(app: App, script: ReferenceScript): void {
  app.get('/', (c) => c.redirect('/docs'))
  app.get('/docs', (c) => c.html(PAGE, 200, { 'content-security-policy': POLICY }))
  app.get('/docs/start.js', (c) => c.body(START, 200, { 'content-type': SCRIPT_TYPE }))
  app.get('/docs/scalar.js', async (c) => {
    const headers = {
      'content-type': SCRIPT_TYPE,
      'cache-control': 'max-age=3600',
      vary: 'accept-encoding',
    }
    const accepted = (c.req.header('accept-encoding') ?? '').toLowerCase()
    if (!/\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(accepted))
      return c.body(await script.plain(), 200, headers)
    return c.body(await script.compressed(), 200, { ...headers, 'content-encoding': 'br' })
  })
}
