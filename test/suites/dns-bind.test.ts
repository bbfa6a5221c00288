import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../../bench/api/processes.ts'
import { startProgram } from '../../bench/ingress/program.ts'
import { framed } from '../../proxy/core/dns-frames.ts'
import { encodeQuestion } from '../../proxy/core/dns-message.ts'
import { nameBytes, nameKey } from '../../proxy/core/dns-name.ts'
import type { Endpoint } from '../../proxy/core/dns-resolvers.ts'
import { RCODE, TYPE } from '../../proxy/core/dns-wire.ts'
import { overTcp, overUdp } from '../proxy/dns/client.ts'
import { HOST_SOURCE, table, world } from '../proxy/dns/world.ts'
import { meaningOf, type Meaning } from './dns-bind/answers.ts'
import { MEMBERS, named } from './dns-bind/zones.ts'

const NAMES = [
  'demo.internal',
  'web.demo.internal',
  'all.web.demo.internal',
  '_tcp.web.demo.internal',
  '_http._tcp.web.demo.internal',
  '_apps.demo.internal',
  'api.demo.internal',
  'old.demo.internal',
  'all.old.demo.internal',
  'crowd.demo.internal',
  'none.demo.internal',
  'below.none.demo.internal',
  'none.internal',
  '2.1.208.10.in-addr.arpa',
  '1.208.10.in-addr.arpa',
  '99.1.208.10.in-addr.arpa',
  'localhost',
  'any.thing.localhost',
]
const MX = 15
const DNSKEY = 48
const NOBODYS = 65_280
const { A, AAAA, ANY, AXFR, CNAME, HTTPS, NS, OPT, PTR, SOA, SRV, SVCB, TSIG, TXT } = TYPE
const HERE = [A, AAAA, NS, SOA, TXT, PTR, SRV, ANY]
const TYPES = [...HERE, CNAME, SVCB, HTTPS, MX, DNSKEY, NOBODYS, AXFR, TSIG, OPT]
const EDNS = [
  null,
  { payloadBytes: 512, secure: false, version: 0 },
  { payloadBytes: 4096, secure: true, version: 0 },
  { payloadBytes: 1232, secure: false, version: 1 },
] as const

interface Asked {
  readonly name: string
  readonly type: number
  readonly edns: (typeof EDNS)[number]
  readonly isStream: boolean
  readonly isUpper: boolean
}

const QUESTIONS: readonly Asked[] = NAMES.flatMap((name, i) =>
  TYPES.flatMap((type, j) =>
    EDNS.flatMap((edns, k) =>
      [false, true].map((isStream, l) => {
        // Either case with each of all the others.
        return { name, type, edns, isStream, isUpper: (i + j + k + l) % 2 === 1 }
      }),
    ),
  ),
)

const { FORMERR } = RCODE
const NOTAUTH = 9

type Part = keyof Meaning

/** In what we differ from BIND, and why. A difference is one of these, and each of these is there. */
const DIFFERENCES: readonly {
  readonly reason: string
  readonly parts: readonly Part[]
  readonly isMeant: (asked: Asked, ours: Meaning, theirs: Meaning) => boolean
}[] = [
  {
    reason: 'we forward what is not ours for those who may ask, and BIND here for nobody',
    parts: ['recursion'],
    isMeant: (_, ours, theirs) => ours.recursion && !theirs.recursion,
  },
  {
    reason: 'our zones have no address of their own, and BIND loads none whose server has none',
    parts: ['answers', 'authorities', 'additionals'],
    isMeant: ({ name, type }, { answers }) =>
      name === 'demo.internal' && (type === TYPE.NS || (type === TYPE.A && answers.length === 0)),
  },
  {
    reason: 'who asks for the server of a zone is told no addresses of it beside: they are its own',
    parts: ['additionals'],
    isMeant: ({ name, type }) => name === 'localhost' && type === TYPE.NS,
  },
  {
    reason: 'addresses of an SRV target come wherever they fit; BIND leaves them out at 512 bytes',
    parts: ['additionals'],
    isMeant: ({ type, edns, isStream }, _, theirs) =>
      type === TYPE.SRV &&
      edns?.payloadBytes === 512 &&
      !isStream &&
      theirs.additionals.length === 0,
  },
  {
    reason:
      'an RRset that does not fit is left out whole (RFC 2181 §9); BIND sends a part to old clients',
    parts: ['answers'],
    isMeant: ({ edns }, ours, theirs) =>
      edns === null && [ours, theirs].every(({ flags }) => flags.includes('tc')),
  },
  {
    reason: 'one RRset is enough of an answer to ANY (RFC 8482 §4.1); BIND sends all of them',
    parts: ['answers'],
    isMeant: ({ type }, ours, theirs) =>
      type === TYPE.ANY &&
      ours.answers.length > 0 &&
      ours.answers.every((one) => theirs.answers.includes(one)),
  },
  {
    reason: 'whoever asks for the SOA of a name without one is told to ask again at once by BIND',
    parts: ['authorities'],
    isMeant: ({ type }, ours, theirs) =>
      type === TYPE.SOA &&
      ours.authorities.length === 1 &&
      ours.authorities[0]?.replace(' 1 6 ', ' 0 6 ') === theirs.authorities[0],
  },
  {
    reason: 'transfers are REFUSED; BIND says NOTAUTH or FORMERR where it would not have to refuse',
    parts: ['rcode'],
    isMeant: ({ type }, ours, theirs) =>
      type === TYPE.AXFR &&
      ours.rcode === RCODE.REFUSED &&
      [FORMERR, NOTAUTH].includes(theirs.rcode),
  },
]

test(`of ${QUESTIONS.length} questions each is answered as BIND answers it, or differs for a reason that is named`, async (t) => {
  const { ours, theirs } = await sides(t)
  const met = new Map<string, number>()
  const unexplained: string[] = []
  for (const asked of QUESTIONS) {
    const [mine, other] = await Promise.all([answerOf(ours, asked), answerOf(theirs, asked)])
    for (const part of differing(mine, other)) {
      const known = DIFFERENCES.find(
        ({ parts, isMeant }) => parts.includes(part) && isMeant(asked, mine, other),
      )
      if (known) met.set(known.reason, (met.get(known.reason) ?? 0) + 1)
      else {
        unexplained.push(
          `${JSON.stringify(asked)} ${part}: ${JSON.stringify(mine[part]).slice(0, 300)} | ${JSON.stringify(other[part]).slice(0, 300)}`,
        )
      }
    }
  }
  for (const [reason, count] of met) t.diagnostic(`${count} times: ${reason}`)
  assert.deepEqual(
    unexplained.slice(0, 20),
    [],
    `${unexplained.length} differences without a reason`,
  )
  assert.deepEqual(
    DIFFERENCES.map(({ reason }) => reason).filter((reason) => !met.has(reason)),
    [],
  )
})

const differing = (mine: Meaning, other: Meaning): Part[] =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal of that type
  (Object.keys(mine) as Part[]).filter(
    (part) => JSON.stringify(mine[part]) !== JSON.stringify(other[part]),
  )

async function sides(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bind-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const port = await freePort()
  const bind = await startProgram(named(folder, port), AbortSignal.timeout(30_000))
  t.after(() => bind.stop())
  const demo = { ...table(MEMBERS, ['demo']), pool: '10.208.0.0/12' }
  const { at } = await world(t, { table: demo })
  return { ours: at, theirs: { host: '127.0.0.1', port } }
}

async function answerOf(at: Endpoint, asked: Asked): Promise<Meaning> {
  const packet = packetOf(asked)
  const { length } = nameBytes(keyOf(asked.name))
  const answer = asked.isStream
    ? (await overTcp(at, [framed(packet)], { source: HOST_SOURCE, count: 1 }))[0]
    : await overUdp(at, packet, HOST_SOURCE)
  assert.ok(answer)
  return meaningOf(answer, 12 + length + 4)
}

const keyOf = (name: string): string => nameKey(name) ?? ''

function packetOf({ name, type, edns, isUpper }: Asked): Buffer {
  const key = keyOf(name)
  const flags = { recursion: true, checkingDisabled: isUpper }
  const packet = encodeQuestion({ id: 4321, key, type, edns, ...flags })
  if (isUpper) packet.write(upperOf(key), 12, 'latin1')
  if (edns !== null) {
    packet.writeUInt16BE(edns.payloadBytes, packet.length - 8)
    packet[packet.length - 5] = edns.version
  }
  return packet
}

/** Length bytes are no letters. */
const upperOf = (key: string): string => key.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())
