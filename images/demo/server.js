import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { page } from './page.js'
import { accept } from './websocket.js'

/**
 * The demo app: a small HTTP server that shows who it is, and that has a path for each thing an
 * ingress must get right. It writes no file and runs as any user.
 */

const TICK_MS = 1000
const SLOW_MS = 60_000
const BODY_BYTES = 1 << 20
const PEERS = 1000
const KEEP_ALIVE_MS = 75_000
const SHUTDOWN_MS = 8000
const SHOWN = /^(CLOUDLET_.*|PORT)$/

const env = process.env
const who = {
  name: env['CLOUDLET_NAME'] || 'hello',
  tenant: env['CLOUDLET_TENANT'] || 'nobody',
  container: env['CLOUDLET_CONTAINER_ID'] || hostname(),
}

/** @typedef {(request: import('node:http').IncomingMessage, answer: Answer, url: URL) => void} Page */
/** @typedef {import('node:http').ServerResponse} Answer */

/** @type {Record<string, Page>} */
const PAGES = {
  '/': (_request, answer) => send(answer, 'text/html; charset=utf-8', page(who)),
  '/healthz': (_request, answer) => send(answer, 'text/plain', 'ok\n'),
  '/env': (_request, answer) => send(answer, 'application/json', json(environment())),
  '/slow': (_request, answer, url) => slow(answer, url),
  '/echo': (request, answer) => echo(request, answer),
  '/ws': (_request, answer) => {
    answer.writeHead(426, { upgrade: 'websocket', connection: 'upgrade' })
    answer.end('This path speaks WebSocket\n')
  },
}

const server = createServer((request, answer) => {
  const url = new URL(request.url?.startsWith('/') ? request.url : '/', 'http://demo')
  const found = Object.hasOwn(PAGES, url.pathname) ? PAGES[url.pathname] : undefined
  if (found) return found(request, answer, url)
  answer.writeHead(404, { 'content-type': 'text/plain' })
  answer.end(`There is no ${url.pathname} here\n`)
})

/** @type {Set<import('./websocket.js').Peer>} */
const peers = new Set()
let count = 0
const tick = setInterval(() => {
  count += 1
  for (const peer of peers) peer.send(String(count))
}, TICK_MS)

server.on('upgrade', (request, socket, head) => {
  if (new URL(request.url ?? '/', 'http://demo').pathname !== '/ws' || peers.size >= PEERS) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    return
  }
  const peer = accept(
    request,
    { socket, head },
    {
      onText: (to, text) => to.send(text),
      onEnd: () => void (peer && peers.delete(peer)),
    },
  )
  if (!peer) return
  peers.add(peer)
  peer.send(String(count))
})

// Longer than a proxy keeps an idle connection, so that the proxy is the one who closes it.
server.keepAliveTimeout = KEEP_ALIVE_MS
// Zero is a port like another: whichever is free.
server.listen(Number(env['PORT'] || 8080), () => {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : address
  process.stdout.write(`${who.name} of ${who.tenant} listens on port ${port}\n`)
})

for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) process.once(signal, shutDown)

/** Takes no new connection, finishes what runs, and ends; whatever hangs is cut off in the end. */
function shutDown() {
  clearInterval(tick)
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  for (const peer of peers) peer.close(1001)
  setTimeout(() => process.exit(0), SHUTDOWN_MS).unref()
}

/** @param {Answer} answer @param {string} type @param {string} body */
function send(answer, type, body) {
  answer.writeHead(200, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  answer.end(answer.req.method === 'HEAD' ? undefined : body)
}

/** The first bytes at once, the rest later: a proxy that waits for whole answers is found out. */
function slow(/** @type {Answer} */ answer, /** @type {URL} */ url) {
  const wanted = Number(url.searchParams.get('ms') ?? 1000)
  const ms = Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), SLOW_MS) : 1000
  answer.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
  answer.write('waiting\n')
  const timer = setTimeout(() => answer.end(`answered after ${ms} ms\n`), ms)
  answer.on('close', () => clearTimeout(timer))
}

/** @param {import('node:http').IncomingMessage} request @param {Answer} answer */
function echo(request, answer) {
  /** @type {Buffer[]} */
  const chunks = []
  let size = 0
  request.on('data', (/** @type {Buffer} */ chunk) => {
    size += chunk.length
    if (size <= BODY_BYTES) chunks.push(chunk)
  })
  request.on('end', () => {
    if (size > BODY_BYTES) {
      answer.writeHead(413, { 'content-type': 'text/plain' })
      answer.end('The body is over 1 MiB\n')
      return
    }
    const { method, url, headers } = request
    const body = Buffer.concat(chunks).toString()
    send(answer, 'application/json', json({ method, url, headers, body }))
  })
}

/** Names only: what a container was given besides is nobody's business. */
function environment() {
  const names = Object.keys(env).toSorted()
  const values = Object.fromEntries(
    names.filter((name) => SHOWN.test(name)).map((name) => [name, env[name]]),
  )
  return { names, values }
}

/** @param {unknown} value */
function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`
}
