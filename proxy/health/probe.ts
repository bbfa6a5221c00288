import { connect } from 'node:net'
import { HEAD_BYTES_MAX, httpStatus, type Finding } from '../core/health.ts'
import type { MemberCheck } from '../core/route-table.ts'

export interface Target {
  readonly address: string
  readonly check: MemberCheck
}

/** Looks once whether a container answers. Never fails; an aborted probe has found nothing good. */
export type Probe = (target: Target, signal: AbortSignal) => Promise<Finding>

/** Octets that may stand in a request line (RFC 9112 §3.2); anything else would be another request. */
const PATH = /^\/[\x21-\x7e]*$/

export const probe: Probe = ({ address, check }, signal) =>
  new Promise((done) => {
    const { kind, path, port, timeoutMs } = check
    if (kind === 'http' && !PATH.test(path)) return done(bad('the path of the check is malformed'))
    if (signal.aborted) return done(bad('the check was given up'))
    const socket = connect({ host: address, port, noDelay: true })
    let received: Buffer = Buffer.alloc(0)

    const finish = (finding: Finding): void => {
      signal.removeEventListener('abort', give)
      clearTimeout(timer)
      socket.destroy()
      done(finding)
    }
    const give = (): void => finish(bad('the check was given up'))
    const timer = setTimeout(() => finish(bad(`no answer in ${timeoutMs} ms`)), timeoutMs)
    signal.addEventListener('abort', give, { once: true })
    socket.on('error', (error) => finish(bad(sentence(error))))
    socket.on('close', () => finish(bad('the connection was closed without an answer')))
    socket.on('connect', () => {
      if (kind === 'tcp') finish({ ok: true, reason: `port ${port} accepts connections` })
      else socket.write(request(path))
    })
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const status = httpStatus(received)
      if (status === 'malformed') finish(bad(`GET ${path} was not answered in HTTP/1`))
      else if (status !== 'more') finish(judged(path, status))
      else if (received.length > 2 * HEAD_BYTES_MAX) finish(bad(`GET ${path} has no end of head`))
    })
  })

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: cloudlet-health\r\nAccept: */*\r\nConnection: close\r\n\r\n`
}

function judged(path: string, status: number): Finding {
  return { ok: status >= 200 && status < 400, reason: `GET ${path} answered ${status}` }
}

function bad(reason: string): Finding {
  return { ok: false, reason }
}

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the container',
  ENETUNREACH: 'no route to the container',
  ETIMEDOUT: 'no answer to the connection',
}

function sentence(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  return SENTENCES[code] ?? error.message
}
