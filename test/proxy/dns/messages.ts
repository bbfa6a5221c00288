import assert from 'node:assert/strict'
import { nameBytes, nameKey } from '../../../proxy/core/dns-name.ts'

/** A record as a test writes it down. */
export interface Written {
  readonly name: string
  readonly type: number
  readonly ttl?: number
  readonly data: Buffer
}

interface Parts {
  readonly rcode?: number
  readonly answers?: readonly Written[]
  readonly authorities?: readonly Written[]
  readonly additionals?: readonly Written[]
}

/** An answer to a query, its names all written out. */
export function answerTo(query: Buffer, parts: Parts): Buffer {
  let end = 12
  while (query[end] !== 0) end += 1 + (query[end] ?? 0)
  const head = Buffer.from(query.subarray(0, end + 5))
  const sections = [parts.answers ?? [], parts.authorities ?? [], parts.additionals ?? []]
  head.writeUInt16BE((head.readUInt16BE(2) & 0x0110) | 0x8080 | (parts.rcode ?? 0), 2)
  for (const [i, records] of sections.entries()) head.writeUInt16BE(records.length, 6 + 2 * i)
  return Buffer.concat([head, ...sections.flat().map(encoded)])
}

function encoded({ name, type, ttl = 60, data }: Written): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  head.writeUInt32BE(ttl, 4)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameData(name), head, data])
}

export function nameData(name: string): Buffer {
  const key = nameKey(name)
  assert.ok(key !== null, `"${name}" is no name`)
  return nameBytes(key)
}

export const addressData = (text: string): Buffer => Buffer.from(text.split('.').map(Number))

export function soaData(minimum: number): Buffer {
  const numbers = Buffer.alloc(20)
  numbers.writeUInt32BE(minimum, 16)
  return Buffer.concat([nameData('ns.example'), nameData('who.example'), numbers])
}
