import { pick, type Numbers } from '../../support/fuzz.ts'
import { question } from './client.ts'
import { addressData, answerTo, nameData, soaData, type Written } from './messages.ts'

const NAMES = [
  'hello.demo.internal',
  '_80._tcp.hello.demo.internal',
  'x.demo.internal',
  '2.0.0.127.in-addr.arpa',
  'any.thing.localhost',
  'example.com',
  `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(52)}.internal`,
]
const TYPES = [1, 6, 12, 16, 28, 33, 41, 65, 251, 252, 255]
const QUESTIONS: readonly Buffer[] = TYPES.flatMap((type) =>
  NAMES.flatMap((name) => [true, false].map((edns) => question({ name, type, edns }))),
)

const OPT = {
  name: '.',
  type: 41,
  ttl: 0x8000,
  data: Buffer.from('000a0008aabbccddeeff0011', 'hex'),
}
const RECORDS: readonly Written[] = [
  { name: 'example.com', type: 1, data: addressData('192.0.2.1') },
  { name: 'example.com', type: 5, data: nameData('www.example.net') },
  { name: 'www.example.net', type: 1, data: addressData('10.208.0.1') },
  {
    name: 'example.com',
    type: 15,
    data: Buffer.concat([Buffer.from([0, 9]), nameData('mx.example')]),
  },
  { name: 'example.com', type: 33, data: Buffer.concat([Buffer.alloc(6), nameData('a.example')]) },
  { name: 'com', type: 6, data: soaData(60) },
  { name: 'com', type: 2, data: nameData('ns.example') },
  OPT,
]
/** What a resolver may send to questions that are passed on. */
const ANSWERS: readonly Buffer[] = [1, 5, 15, 33, 255].flatMap((type) => {
  const query = question({ name: 'example.com', type })
  const halves = [RECORDS.slice(0, 3), RECORDS.slice(3, 6), RECORDS]
  return halves.map((answers, i) =>
    answerTo(query, {
      answers,
      authorities: RECORDS.slice(5, 7),
      additionals: i === 1 ? [OPT] : [],
    }),
  )
})

/** Numbers that look random and are the same each time (Park and Miller). */
export function numbers(seed: number): Numbers {
  let state = seed
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}

/** Bytes at which parsers have failed: ends of ranges, pointers, counts. */
const ODD = [0, 1, 0x29, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xc0, 0xfb, 0xff, 0xff]

/** A good packet with some of it changed, cut, doubled or taken from another one; or noise. */
export function damaged(next: Numbers, seeds: readonly Buffer[] = QUESTIONS): Buffer {
  if (next(16) === 0) return noise(next, next(80))
  const packet = Buffer.from(pick(next, seeds))
  for (let changes = next(5); changes > 0; changes--) {
    packet[next(packet.length)] = next(2) === 0 ? next(256) : pick(next, ODD)
  }
  const how = next(12)
  if (how === 0) return packet.subarray(0, next(packet.length))
  if (how === 1) return Buffer.concat([packet, packet])
  if (how === 2) return spliced(next, packet, pick(next, seeds))
  if (how === 3) return Buffer.concat([packet, noise(next, next(40))])
  // Points a name to itself, in front of itself, or behind itself.
  if (how === 4 && packet.length > 16)
    packet.writeUInt16BE(0xc000 | next(64), 12 + next(packet.length - 14))
  // Says that there are more records, or fewer, than there are.
  if (how === 5 && packet.length > 12) packet.writeUInt16BE(next(6), 4 + 2 * next(4))
  return packet
}

export const damagedAnswer = (next: Numbers): Buffer => damaged(next, ANSWERS)

const noise = (next: Numbers, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => next(256)))

function spliced(next: Numbers, head: Buffer, tail: Buffer): Buffer {
  return Buffer.concat([head.subarray(0, next(head.length)), tail.subarray(next(tail.length))])
}
