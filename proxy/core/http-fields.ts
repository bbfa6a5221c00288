import type { Buffer } from 'node:buffer'
import { COLON, CR, FIELD_VALUE, LF, SPACE, TAB, isBlank } from './http-chars.ts'
import { fieldKind } from './http-field-kind.ts'
import type { FieldKind } from './http-field-kind.ts'
import { INCOMPLETE, refused } from './http-parse.ts'
import type { Incomplete, Refused } from './http-parse.ts'

/**
 * The field lines of a head as places in its bytes, so that a line nobody needs to change is copied
 * as it came and no object of all fields is ever made.
 */
export interface Fields {
  readonly kind: 'fields'
  /** Four numbers a line: its start, the end of the name, start and end of the value. */
  readonly places: readonly number[]
  readonly kinds: readonly FieldKind[]
  /** Just after the empty line. */
  readonly end: number
}

interface FieldRules {
  /** Bytes allowed in a name. */
  readonly names: Uint8Array
  readonly maxFields: number
  /** Offset at which the head has to be over. */
  readonly limit: number
}

/**
 * Reads field lines from `from` to the empty line, in one pass and strictly (RFC 9112 §5): CRLF
 * alone ends a line, nothing stands between name and colon, nothing is folded. The verdict depends on
 * the bytes up to the first offence only, so it is the same however the bytes were split.
 */
export function readFields(
  bytes: Buffer,
  from: number,
  rules: FieldRules,
): Fields | Refused | Incomplete {
  const { names, maxFields } = rules
  const stop = Math.min(bytes.length, rules.limit)
  const places: number[] = []
  const kinds: FieldKind[] = []
  let at = from
  for (;;) {
    if (at >= stop) return short(bytes, rules)
    if (bytes[at] === CR) return emptyLine({ bytes, at, rules }, places, kinds)
    if (kinds.length === maxFields) return refused(431, `it has more than ${maxFields} fields`)

    let i = at
    while (i < stop && names[bytes[i] ?? 0] === 1) i += 1
    if (i >= stop) return short(bytes, rules)
    if (i === at || bytes[i] !== COLON) return refused(400, nameOffence(bytes[i], i === at))
    const nameEnd = i

    i += 1
    while (i < stop && isBlank(bytes[i])) i += 1
    const valueStart = i
    while (i < stop && FIELD_VALUE[bytes[i] ?? 0] === 1) i += 1
    if (i >= stop) return short(bytes, rules)
    if (bytes[i] !== CR) return refused(400, valueOffence(bytes[i]))
    if (i + 1 >= stop) return short(bytes, rules)
    if (bytes[i + 1] !== LF) return refused(400, 'it has a carriage return on its own')
    let valueEnd = i
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1

    places.push(at, nameEnd, valueStart, valueEnd)
    kinds.push(fieldKind(bytes, at, nameEnd))
    at = i + 2
  }
}

/** Where the line after line `index` begins. */
export function lineEnd(fields: Fields, index: number): number {
  return fields.places[(index + 1) * 4] ?? fields.end - 2
}

export function fieldName(bytes: Buffer, { places }: Fields, index: number): string {
  return bytes.toString('latin1', places[index * 4], places[index * 4 + 1]).toLowerCase()
}

export function fieldValue(bytes: Buffer, { places }: Fields, index: number): string {
  return bytes.toString('latin1', places[index * 4 + 2], places[index * 4 + 3])
}

/** The values of all fields of this name, in lower case, in their order. */
export function namedFields(bytes: Buffer, fields: Fields, name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < fields.kinds.length; index += 1) {
    if (fieldName(bytes, fields, index) === name) values.push(fieldValue(bytes, fields, index))
  }
  return values
}

/** The value of the first field of this name, in lower case; `''` where there is none. */
export function namedField(bytes: Buffer, fields: Fields, name: string): string {
  for (let index = 0; index < fields.kinds.length; index += 1) {
    if (fieldName(bytes, fields, index) === name) return fieldValue(bytes, fields, index)
  }
  return ''
}

function short(bytes: Buffer, rules: FieldRules): Refused | Incomplete {
  return bytes.length < rules.limit ? INCOMPLETE : refused(431, 'its head is too large')
}

interface Place {
  readonly bytes: Buffer
  readonly at: number
  readonly rules: FieldRules
}

function emptyLine(
  { bytes, at, rules }: Place,
  places: number[],
  kinds: FieldKind[],
): Fields | Refused | Incomplete {
  if (at + 1 >= Math.min(bytes.length, rules.limit)) return short(bytes, rules)
  if (bytes[at + 1] !== LF) return refused(400, 'it has a carriage return on its own')
  return { kind: 'fields', places, kinds, end: at + 2 }
}

function nameOffence(byte: number | undefined, first: boolean): string {
  if (byte === LF) return 'it has a line feed without a carriage return'
  if (byte === 0x5f) return 'the name of a field has an underscore'
  if (byte === SPACE || byte === TAB) {
    return first
      ? 'a field begins with white space (folded lines are obsolete)'
      : 'white space stands between the name of a field and its colon'
  }
  if (byte === COLON) return 'a field has no name'
  return 'the name of a field has a byte that is not allowed, or no colon follows it'
}

function valueOffence(byte: number | undefined): string {
  return byte === LF
    ? 'it has a line feed without a carriage return'
    : 'the value of a field has a control character'
}
