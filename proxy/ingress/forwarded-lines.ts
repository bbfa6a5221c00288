import type { RequestHead } from '../core/http-request.ts'

interface Origin {
  readonly peer: string
  readonly requestId: string
  /** Our name for others to recognise. */
  readonly via: string
}

/**
 * Who asks, told to the member. Peers are not trusted, so whatever they say about it themselves has
 * been dropped and these lines are the whole truth (RFC 7239 for Forwarded, RFC 9110 §7.6.3 for Via).
 */
export function forwardedLines({ line, meaning }: RequestHead, origin: Origin): string {
  const { peer, requestId, via } = origin
  const host = meaning.authority
  const node = peer.includes(':') ? `"[${peer}]"` : peer
  return (
    `X-Forwarded-For: ${peer}\r\nX-Real-IP: ${peer}\r\nX-Forwarded-Proto: http\r\n` +
    `X-Forwarded-Host: ${host}\r\nForwarded: for=${node};host="${host}";proto=http\r\n` +
    `X-Request-Id: ${requestId}\r\nVia: 1.${line.minor} ${via}\r\n`
  )
}
