import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { ENDPOINTS } from '../../src/contract/all.ts'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import { queryOf } from '../../src/http/input.ts'
import { SAMPLES } from './samples.ts'

/** What arrived, after the contract has judged it. */
export interface Asked {
  readonly id: string
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
  readonly token: string | null
}

export interface Answer {
  readonly status?: number
  readonly value?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** For a stream: its lines. It is left open when `isOpen`, and broken off when `isBroken`. */
  readonly lines?: readonly unknown[]
  readonly isOpen?: boolean
  readonly isBroken?: boolean
}
export type Handler = (asked: Asked) => Answer | Promise<Answer>

/** An API server that knows the contract and nothing else: what a test does not say is a sample. */
export class FakePlatform implements AsyncDisposable {
  readonly asked: Asked[] = []
  readonly endpoint: string
  readonly #server: ReturnType<typeof createServer>
  readonly #handlers: Map<string, Handler>

  constructor(server: ReturnType<typeof createServer>, handlers: Map<string, Handler>) {
    this.#server = server
    this.#handlers = handlers
    const address = server.address()
    this.endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      )
    })
  }

  on(id: string, handler: Handler): void {
    this.#handlers.set(id, handler)
  }

  /** The ids of the endpoints that were asked, in order. */
  get ids(): string[] {
    return this.asked.map(({ id }) => id)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.endpoint)
    const found = route(request.method ?? '', url.pathname)
    if (found === null) return sendProblem(response, problem(404, 'not-found'))
    const { endpoint, params } = found
    const parts = await partsOf(endpoint, { params, url, text: await textOf(request) })
    if ('errors' in parts)
      return sendProblem(response, problem(422, 'invalid-input', { errors: parts.errors }))
    const token = request.headers.authorization?.replace('Bearer ', '') ?? null
    const asked = { id: endpoint.id, ...parts, token }
    this.asked.push(asked)
    const handler = this.#handlers.get(endpoint.id) ?? (() => SAMPLES[endpoint.id] ?? {})
    sendAnswer(response, endpoint, await handler(asked))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export async function fakePlatform(handlers: Record<string, Handler> = {}): Promise<FakePlatform> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new FakePlatform(server, new Map(Object.entries(handlers)))
}

export const problem = (status: number, code: string, details: object = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json', 'x-request-id': 'req-12345678' },
  value: {
    type: `/problems/${code}`,
    status,
    title: code,
    detail: `Cannot do it: ${code}`,
    ...details,
  },
})

function route(method: string, path: string) {
  for (const endpoint of ENDPOINTS) {
    const pattern = endpoint.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
    const match = new RegExp(`^${pattern}$`).exec(path)
    if (match === null || endpoint.method.toUpperCase() !== method) continue
    const groups = Object.entries(match.groups ?? {})
    const params = groups.map(([key, value]): [string, string] => [key, decodeURIComponent(value)])
    return { endpoint, params: new Map(params) }
  }
  return null
}

interface Raw {
  readonly params: ReadonlyMap<string, string>
  readonly url: URL
  readonly text: string
}

async function partsOf(endpoint: Endpoint, { params, url, text }: Raw) {
  const body: unknown = text === '' ? {} : JSON.parse(text)
  const given = {
    params: Object.fromEntries(params),
    query: Object.fromEntries(url.searchParams),
    body,
  }
  const errors: { pointer: string; detail: string }[] = []
  const parts: Record<'body' | 'params' | 'query', Record<string, unknown>> = {
    params: {},
    query: {},
    body: {},
  }
  for (const name of ['params', 'query', 'body'] as const) {
    const schema = name === 'query' ? queryOf(endpoint) : endpoint[name]
    const result = schema?.safeParse(given[name])
    if (result?.success === true) parts[name] = result.data
    for (const { path, message } of result?.error?.issues ?? []) {
      errors.push({ pointer: `/${name}/${path.join('/')}`, detail: message })
    }
  }
  return errors.length > 0 ? { errors } : parts
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) text += String(chunk)
  return text
}

function sendAnswer(response: ServerResponse, endpoint: Endpoint, answer: Answer): void {
  const status = answer.status ?? endpoint.status
  const isFollowed = endpoint.item !== undefined && answer.lines !== undefined
  if ((endpoint.kind !== 'stream' && !isFollowed) || status >= 400) {
    response.writeHead(status, { 'content-type': 'application/json', ...answer.headers })
    response.end(JSON.stringify(answer.value))
    return
  }
  response.writeHead(status, { 'content-type': 'application/x-ndjson' })
  const text = (answer.lines ?? []).map((line) => `${JSON.stringify(line)}\n`).join('')
  // Broken off only once the lines are on their way.
  if (answer.isBroken === true) response.write(text, () => response.destroy())
  else if (answer.isOpen === true) response.write(text)
  else response.end(text)
}

function sendProblem(response: ServerResponse, { status = 500, headers, value }: Answer): void {
  response.writeHead(status, { ...headers })
  response.end(JSON.stringify(value))
}
