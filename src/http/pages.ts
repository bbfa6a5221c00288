import { createHash } from 'node:crypto'
import type { Endpoint } from '../contract/endpoint.ts'
import { wrongField } from '../core/failure.ts'

/**
 * Where a list goes on is the service's own word; outside it is a text that says nothing, and that fits the
 * one list. So a cursor that was cut, changed or taken from elsewhere is refused, instead of being read as the
 * beginning.
 */
export const writtenCursor = (e: Endpoint, cursor: string): string =>
  `${Buffer.from(cursor).toString('base64url')}.${digestOf(e, cursor)}`

export function readCursor(e: Endpoint, text: string): string {
  const cursor = Buffer.from(text.split('.', 1)[0] ?? '', 'base64url').toString()
  if (writtenCursor(e, cursor) === text) return cursor
  throw wrongField('query#/cursor', 'it is no cursor of this list')
}

const digestOf = ({ id }: Endpoint, cursor: string): string =>
  createHash('sha256').update(`${id} ${cursor}`).digest('base64url').slice(0, 10)

/** Written last, by who makes a page of texts; see `finishedPage`. */
const LAST = /"nextCursor":("(?:[^"\\]|\\.)*")\}$/

/** The page with its cursor as it is to be outside. */
export function withCursor(e: Endpoint, body: string): string {
  return body.replace(LAST, (_all, text: string) => {
    const cursor: unknown = JSON.parse(text)
    return `"nextCursor":${JSON.stringify(writtenCursor(e, String(cursor)))}}`
  })
}

/** Only these, of what is shown or of each item. */
export function onlyFields(body: string, fields: readonly string[] | undefined): string {
  if (fields === undefined) return body
  const value: unknown = JSON.parse(body)
  if (typeof value !== 'object' || value === null) return body
  const wanted = new Set(fields)
  const picked = (one: object) =>
    Object.fromEntries(Object.entries(one).filter(([name]) => wanted.has(name)))
  if (!('items' in value) || !Array.isArray(value.items)) return JSON.stringify(picked(value))
  return JSON.stringify({ ...value, items: value.items.map(picked) })
}
