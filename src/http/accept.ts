import type { MiddlewareHandler } from 'hono'
import type { Endpoint } from '../contract/endpoint.ts'
import { failure } from '../core/failure.ts'
import type { AppContext, AppEnv } from './shell.ts'

export const JSON_DOCUMENT = 'application/json'
export const NDJSON = 'application/x-ndjson'
export const EVENT_STREAM = 'text/event-stream'
export const PLAIN_TEXT = 'text/plain'
export type MediaType =
  | typeof JSON_DOCUMENT
  | typeof NDJSON
  | typeof EVENT_STREAM
  | typeof PLAIN_TEXT

/** In what an endpoint can answer; the first is what those get who do not mind. */
export function offersOf({ kind, item }: Endpoint): readonly MediaType[] {
  if (kind === 'stream') return [PLAIN_TEXT, NDJSON, EVENT_STREAM]
  // A list that can be followed, too.
  return item ? [JSON_DOCUMENT, NDJSON, EVENT_STREAM] : [JSON_DOCUMENT]
}

/** Refuses who can use nothing of what the endpoint can answer, before anything is done for them. */
export const acceptable =
  (e: Endpoint): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    chosenFor(c, e)
    await next()
  }

/** In what to answer this request. */
export function chosenFor(c: AppContext, e: Endpoint): MediaType {
  const offers = offersOf(e)
  const chosen = preferred(c.req.header('accept'), offers)
  if (chosen !== undefined) return chosen
  const offered = offers.join(', ')
  const message = `Cannot answer as the header "Accept" asks: what is asked for here comes as ${offered}`
  throw failure('not-acceptable', message, { offered: [...offers] })
}

interface Range {
  readonly type: string
  readonly quality: number
  readonly place: number
}

/**
 * What a client takes best (RFC 9110 §12.5.1): of those it likes alike, the one that it names first, then
 * the one that is offered first. Undefined: it takes none.
 */
export function preferred<T extends string>(
  accept: string | undefined,
  offers: readonly T[],
): T | undefined {
  // Without the header, or with an empty one, everything is fine.
  if (accept === undefined || accept.trim() === '') return offers[0]
  const ranges = accept.toLowerCase().split(',').flatMap(rangeOf)
  const rated = offers.flatMap((offer) => {
    const range = rangeFor(offer, ranges)
    return range && range.quality > 0 ? [{ offer, range }] : []
  })
  const [best] = rated.toSorted(
    (a, b) => b.range.quality - a.range.quality || a.range.place - b.range.place,
  )
  return best?.offer
}

const TOKEN = "[\\w!#$%&'*+.^`|~-]+"
const RANGE = new RegExp(`^\\s*(\\*/\\*|${TOKEN}/\\*|${TOKEN}/${TOKEN})\\s*((?:;[^;]*)*)$`)
const QUALITY = /^\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*$/

/** A range that cannot be read is none. What it says of parameters, as of a charset, is no matter of ours. */
function rangeOf(text: string, place: number): Range[] {
  const [, type, parameters = ''] = RANGE.exec(text) ?? []
  if (type === undefined) return []
  const quality = parameters.split(';').flatMap((one) => QUALITY.exec(one)?.[1] ?? [])[0]
  return [{ type, quality: Number(quality ?? 1), place }]
}

/** The most exact range that names it has the word: `text/*;q=0, text/plain` takes plain text. */
function rangeFor(offer: string, ranges: readonly Range[]): Range | undefined {
  const family = `${offer.slice(0, offer.indexOf('/'))}/*`
  for (const wanted of [offer, family, '*/*']) {
    const found = ranges.find(({ type }) => type === wanted)
    if (found) return found
  }
  return undefined
}
