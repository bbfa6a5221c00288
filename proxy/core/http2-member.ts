import { add } from './http-trailers.ts'

/** What a member that speaks HTTP/2 is asked and answers, from and to the heads that HTTP/1.1 has. */

type Fields = Record<string, string | string[]>

/** Of a connection, or written anew as a pseudo-field (RFC 9113 §8.2.2). */
const LEFT_OUT = new Set(['connection', 'host', 'transfer-encoding', 'upgrade', 'keep-alive'])

/** The fields of a request, of its head as a member of HTTP/1.1 would get it. */
export function http2Fields(head: string, takesTrailers: boolean): Fields {
  const [line = '', ...rest] = head.split('\r\n')
  const [method = '', path = ''] = line.split(' ')
  const fields: Fields = Object.create(null)
  fields[':method'] = method
  fields[':scheme'] = 'http'
  fields[':authority'] = ''
  fields[':path'] = path
  for (const one of rest) {
    const colon = one.indexOf(':')
    if (colon <= 0) continue
    const name = one.slice(0, colon).toLowerCase()
    const value = one.slice(colon + 1).trim()
    if (name === 'host') fields[':authority'] = value
    // The handshake of a WebSocket has gone with the upgrade.
    else if (!LEFT_OUT.has(name) && !name.startsWith('sec-websocket-')) add(fields, name, value)
  }
  if (takesTrailers) fields['te'] = 'trailers'
  return fields
}

export interface Http2Answer {
  /** Names and values in turn, as they came. */
  readonly raw: readonly string[]
  /** No content follows. */
  readonly isWhole: boolean
  readonly method: string
}

/**
 * The head of an answer as HTTP/1.1 would have it, to be read by the same strict reader as every other. Where
 * trailers may follow no length is said: what is complete by its length is not waited for.
 */
export function http2AnswerHead({ raw, isWhole, method }: Http2Answer): string {
  let status = ''
  let lines = ''
  let [hasLength, mayTrail] = [false, false]
  let length = ''
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    if (name === ':status') status = value
    else if (name === 'content-length') {
      hasLength = true
      length = `content-length: ${value}\r\n`
    } else if (!LEFT_OUT.has(name)) {
      if (name === 'trailer') mayTrail = true
      if (name === 'content-type' && value.startsWith('application/grpc')) mayTrail = true
      lines += `${name}: ${value}\r\n`
    }
  }
  const isBare = method === 'HEAD' || /^(?:1|204|304)/.test(status)
  if (isWhole && !hasLength && !isBare) length = 'content-length: 0\r\n'
  const kept = mayTrail && !isWhole ? '' : length
  return `HTTP/1.1 ${status} \r\n${lines}${kept}\r\n`
}
