import type { Buffer } from 'node:buffer'
import { isBlank } from './http-chars.ts'
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  FORWARDED,
  HOP,
  HOST_FIELD,
  INTERNAL,
  KEEP_ALIVE,
  PROTECTED,
  TRANSFER_ENCODING,
  UPGRADE,
  VIA,
} from './http-field-kind.ts'
import type { FieldKind } from './http-field-kind.ts'
import { fieldName, fieldValue, lineEnd } from './http-fields.ts'
import type { Fields } from './http-fields.ts'
import type { RequestHead } from './http-request.ts'
import type { ResponseHead } from './http-response.ts'

const HOP_KINDS = [CONNECTION, KEEP_ALIVE, HOP, TRANSFER_ENCODING, UPGRADE, INTERNAL]
const DROPPED_FROM_REQUEST = kinds([...HOP_KINDS, FORWARDED])
/** The target named the host; Host is written anew from it. */
const DROPPED_WITH_TARGET = kinds([...HOP_KINDS, FORWARDED, HOST_FIELD])
/** HTTP/1.0 peers cannot be told to continue. */
const DROPPED_FROM_OLD = kinds([...HOP_KINDS, FORWARDED, EXPECT])
const DROPPED_FROM_OLD_WITH_TARGET = kinds([...HOP_KINDS, FORWARDED, EXPECT, HOST_FIELD])
const DROPPED_FROM_RESPONSE = kinds(HOP_KINDS)
const DROPPED_WITH_LENGTH = kinds([...HOP_KINDS, CONTENT_LENGTH])

/** Whoever could have these removed by naming them in Connection would change what is asked. */
const KEPT_WHEN_NAMED = kinds([HOST_FIELD, CONTENT_LENGTH, EXPECT, VIA, PROTECTED])

/**
 * The head as the member gets it, in latin1: the peer's lines as they came, without those for this
 * hop alone (RFC 9110 §7.6.1) and without any word on who asks, then `ours` (whole lines). Fields
 * that Connection names go first, so that they never take one of ours along.
 */
export function requestForMember(head: RequestHead, ours: string): string {
  const { bytes, line, fields, meaning } = head
  const isNew = meaning.target !== null || line.minor === 0
  const start = isNew
    ? `${line.method} ${targetOf(head)} HTTP/1.1\r\n`
    : bytes.toString('latin1', line.start, line.end)
  const host = meaning.target === null ? '' : `Host: ${meaning.authority}\r\n`
  const framing = meaning.framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
  const upgrade = meaning.upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : ''
  const lines = keptLines({ bytes, fields, hopFields: meaning.hopFields }, line.end, dropped(head))
  return `${start}${lines}${host}${framing}${upgrade}${ours}\r\n`
}

export interface ResponseShape {
  /** The content is chunked by us; otherwise it goes out as it came in. */
  readonly chunked: boolean
  readonly connection: '' | 'close' | 'keep-alive'
  /** For an answer that has no Date of its own (RFC 9110 §6.6.1). */
  readonly date: string
}

/** The head as the client gets it, in latin1. An informational one (1xx) has no content. */
export function responseForClient(head: ResponseHead, shape: ResponseShape): string {
  const { bytes, fields } = head
  const lineStop = fields.places[0] ?? fields.end - 2
  const start =
    head.minor === 1
      ? bytes.toString('latin1', 0, lineStop)
      : `HTTP/1.1${bytes.toString('latin1', 8, lineStop)}`
  const bodyless = head.status < 200 || head.status === 204
  const drop = bodyless || shape.chunked ? DROPPED_WITH_LENGTH : DROPPED_FROM_RESPONSE
  const lines = keptLines(head, lineStop, drop)
  const framing = shape.chunked ? 'Transfer-Encoding: chunked\r\n' : ''
  const connection = shape.connection === '' ? '' : `Connection: ${shape.connection}\r\n`
  const date = head.hasDate || head.status < 200 ? '' : `Date: ${shape.date}\r\n`
  const upgrade = head.status === 101 ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : ''
  return `${start}${lines}${framing}${connection}${date}${upgrade}\r\n`
}

/**
 * The fields as a client of HTTP/2 gets them, names in lower case (RFC 9113 §8.2): those for this hop alone
 * are left out, and so is the length of what has none.
 */
export function responseFields(head: ResponseHead): readonly (readonly [string, string])[] {
  const { bytes, fields, hopFields } = head
  const bodyless = head.status < 200 || head.status === 204
  const drop = bodyless ? DROPPED_WITH_LENGTH : DROPPED_FROM_RESPONSE
  const kept: (readonly [string, string])[] = []
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (drop[fields.kinds[i] ?? 0] === 1) continue
    const name = fieldName(bytes, fields, i)
    if (!hopFields.includes(name)) kept.push([name, fieldValue(bytes, fields, i)])
  }
  return kept
}

/** The value of the first field of this kind, or ''. */
export function firstValue({ bytes, fields }: RequestHead, kind: FieldKind): string {
  const index = fields.kinds.indexOf(kind)
  return index < 0 ? '' : fieldValue(bytes, fields, index)
}

/** How often a proxy of this name has passed the request on already (RFC 9110 §7.6.3). */
export function passesBy({ bytes, fields }: RequestHead, name: string): number {
  let passes = 0
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] === VIA) passes += namings(fieldValue(bytes, fields, i), name)
  }
  return passes
}

/** How often the name stands after a version, as in `1.1 name, 1.0 name`. In place: the list may be long. */
function namings(via: string, name: string): number {
  let count = 0
  for (let at = via.indexOf(name); at >= 0; at = via.indexOf(name, at + name.length)) {
    const after = at + name.length
    const isWhole = after === via.length || ', \t'.includes(via.charAt(after))
    if (isWhole && isBlank(via.charCodeAt(at - 1))) count += 1
  }
  return count
}

/** In origin form, however it came. */
export function targetOf({ bytes, line, meaning }: RequestHead): string {
  return meaning.target ?? bytes.toString('latin1', line.targetStart, line.targetEnd)
}

/** Where it leads to: path and query; `*` and the like name no place. */
export function pathOf(head: RequestHead): string {
  const target = targetOf(head)
  return target.startsWith('/') ? target : '/'
}

function dropped({ line, meaning }: RequestHead): Uint8Array {
  if (line.minor === 1) return meaning.target === null ? DROPPED_FROM_REQUEST : DROPPED_WITH_TARGET
  return meaning.target === null ? DROPPED_FROM_OLD : DROPPED_FROM_OLD_WITH_TARGET
}

interface Lines {
  readonly bytes: Buffer
  readonly fields: Fields
  readonly hopFields: readonly string[]
}

/** Copies all lines but the dropped ones, each stretch of neighbours in one go. */
function keptLines({ bytes, fields, hopFields }: Lines, start: number, drop: Uint8Array): string {
  // `close` and `keep-alive` name no field of ours to drop; most requests name nothing else.
  const named = hopFields.filter((name) => name !== 'close' && name !== 'keep-alive')
  let kept = ''
  let from = start
  for (let i = 0; i < fields.kinds.length; i += 1) {
    const kind = fields.kinds[i] ?? 0
    const goes =
      drop[kind] === 1 ||
      (named.length > 0 &&
        KEPT_WHEN_NAMED[kind] !== 1 &&
        named.includes(fieldName(bytes, fields, i)))
    if (goes) {
      const to = fields.places[i * 4] ?? from
      if (to > from) kept += bytes.toString('latin1', from, to)
      from = lineEnd(fields, i)
    }
  }
  return kept + bytes.toString('latin1', from, fields.end - 2)
}

function kinds(list: readonly FieldKind[]): Uint8Array {
  const set = new Uint8Array(16)
  for (const kind of list) set[kind] = 1
  return set
}
