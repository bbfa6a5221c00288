import { HOP, SET_COOKIE } from './http-field-kind.ts'
import { fieldValue } from './http-fields.ts'
import { trimmed } from './http-meaning.ts'
import type { ResponseHead } from './http-response.ts'

/**
 * An answer without those cookies that would reach hosts outside `zone`, the tenant's own part of the domain:
 * to a browser all apps of the domain are one site, and a cookie for the whole of it would be sent to, and
 * shadow those of, every other tenant.
 */
export function withinZone(head: ResponseHead, zone: string): ResponseHead {
  const { bytes, fields } = head
  if (!fields.kinds.includes(SET_COOKIE)) return head
  const kinds = fields.kinds.map((kind, i) =>
    kind === SET_COOKIE && leaves(fieldValue(bytes, fields, i), zone) ? HOP : kind,
  )
  return { ...head, fields: { ...fields, kinds } }
}

const DOMAIN = /;[ \t]*domain[ \t]*=[ \t]*([^;]*)/gi

/**
 * Whether any Domain of it is outside. Browsers take the last one (RFC 6265 §5.3), ignore an empty one and a
 * dot in front (§5.2.3), and so does this at least.
 */
function leaves(cookie: string, zone: string): boolean {
  for (const [, value = ''] of cookie.matchAll(DOMAIN)) {
    const domain = trimmed(value, ' \t".').toLowerCase()
    if (domain !== '' && domain !== zone && !domain.endsWith(`.${zone}`)) return true
  }
  return false
}
