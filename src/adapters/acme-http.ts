import { request } from 'node:https'

/** Larger than any chain. */
const ANSWER_MOST_BYTES = 256 * 1024

export interface Sent {
  readonly url: string
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** A signed request (RFC 8555 §6.2). */
  readonly content?: string
}

export interface Got {
  readonly status: number
  readonly nonce: string | undefined
  readonly location: string | undefined
  readonly retryAfter: string | undefined
  readonly text: string
}

export interface Way {
  /** Of a private authority, PEM, in place of those that the runtime trusts. */
  readonly ca: string | undefined
  readonly signal: AbortSignal
}

/** One request to an authority. Not by `fetch`, which can be told of no authority to trust. */
export function exchanged({ url, method, content }: Sent, { ca, signal }: Way): Promise<Got> {
  return new Promise((resolve, reject) => {
    const headers = {
      'user-agent': 'cloudlet',
      ...(content !== undefined && { 'content-type': 'application/jose+json' }),
    }
    const asked = request(url, { method, headers, signal, agent: false, ...(ca && { ca }) })
    asked.on('error', reject).on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.length > ANSWER_MOST_BYTES) response.destroy(new Error('The answer is too long'))
      })
      response.on('error', reject).on('end', () => {
        const { headers: fields, statusCode: status = 0 } = response
        const [nonce] = [fields['replay-nonce']].flat()
        const [location, retryAfter] = [fields.location, fields['retry-after']]
        resolve({ status, nonce, location, retryAfter, text })
      })
    })
    asked.end(content)
  })
}
