/** Fields of one hop (RFC 9110 §7.6.1): what they say ends at the ingress. */
const OF_A_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
])
/** What says where a message ends, and of which host it is. */
const OF_FRAMING = new Set(['content-length', 'expect', 'transfer-encoding'])
const OF_WHO_ASKS = new Set(['forwarded', 'via', 'x-real-ip'])
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/

/** Why a route may not change a field; null where it may. Names are in lower case. */
export function headerObjection(name: string): string | null {
  if (!TOKEN.test(name)) return 'it is no name of a field in lower case'
  if (OF_A_HOP.has(name)) return 'it is of one hop, and ends at the ingress'
  if (OF_FRAMING.has(name)) return 'it says where the message ends, which the ingress alone does'
  if (name === 'host') return 'a rewrite of the host does that'
  if (OF_WHO_ASKS.has(name) || name.startsWith('x-forwarded-')) {
    return 'it says who asks, which the ingress alone does'
  }
  if (/^(x-)?cloudlet-/.test(name)) return "it is the platform's own"
  if (name === 'set-cookie') return 'cookies are for the app to set'
  return null
}

/** One line of visible characters, blanks within (RFC 9110 §5.5). */
export const isHeaderValue = (text: string): boolean =>
  text.length <= 4096 && /^([\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(text)
