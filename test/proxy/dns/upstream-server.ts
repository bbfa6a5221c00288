import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { TYPE } from '../../../proxy/core/dns-wire.ts'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'

export interface Upstream {
  readonly text: string
  /** Each question as it came, datagrams and connections. */
  readonly seen: { readonly packet: Buffer; readonly from: RemoteInfo | null }[]
  close(): void
}

type Behave = (query: Buffer) => readonly Buffer[]

/** A resolver that says what a test wants it to say, by datagram and over TCP. */
export async function upstreamServer(behave: {
  udp: Behave
  tcp?: Behave
  /** What it says to those who only want to know whether it is there; it says so unless told otherwise. */
  probe?: Behave
}): Promise<Upstream> {
  const seen: Upstream['seen'] = []
  const { udp, tcp, port } = await onePort()
  udp.on('message', (packet, from) => {
    const isProbe = PROBES.has(typeOf(packet))
    if (!isProbe) seen.push({ packet: Buffer.from(packet), from })
    const say = isProbe ? (behave.probe ?? ((query) => [answered(query, [])])) : behave.udp
    for (const answer of say(packet)) udp.send(answer, from.port, from.address)
  })
  tcp.on('connection', (socket) => {
    const frames = new DnsFrames()
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) =>
      frames.push(chunk, (packet) => {
        seen.push({ packet, from: null })
        for (const answer of behave.tcp?.(packet) ?? []) socket.write(framed(answer))
      }),
    )
  })
  return {
    text: `127.0.0.1:${port}`,
    seen,
    close() {
      udp.close()
      tcp.close()
    },
  }
}

/** Types that no test asks for. */
const PROBES: ReadonlySet<number> = new Set([TYPE.NS, TYPE.TXT])

/** Where the question ends. */
function questionEnd(query: Buffer): number {
  let end = 12
  while (query[end] !== 0) end += 1 + (query[end] ?? 0)
  return end + 5
}

const typeOf = (query: Buffer): number => query.readUInt16BE(questionEnd(query) - 4)

/** The number that the kernel picks for datagrams may be taken for connections. */
const PORTS_TRIED = 8

/** Listens for datagrams and for connections on the same number. */
async function onePort(tried = 1): Promise<{ udp: Socket; tcp: Server; port: number }> {
  const udp = createSocket('udp4')
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  const { port } = udp.address()
  const tcp = createServer()
  tcp.listen(port, '127.0.0.1')
  try {
    await once(tcp, 'listening')
    return { udp, tcp, port }
  } catch (error) {
    udp.close()
    if (tried === PORTS_TRIED) throw error
    return onePort(tried + 1)
  }
}

/** The query turned into an answer with so many addresses, its OPT left out. */
export function answered(query: Buffer, addresses: readonly number[]): Buffer {
  const head = Buffer.from(query.subarray(0, questionEnd(query)))
  head.writeUInt16BE(head.readUInt16BE(2) | 0x8480, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt16BE(0, 10)
  const records = addresses.map((last) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last]),
  )
  return Buffer.concat([head, ...records])
}

/** The same answer with its id, or the letters of its question, changed. */
export function forged(answer: Buffer, change: 'id' | 'question' | 'cut' | 'query'): Buffer {
  const copy = Buffer.from(answer)
  if (change === 'id') copy[1] = (copy[1] ?? 0) ^ 1
  if (change === 'question') copy[13] = (copy[13] ?? 0) ^ 1
  if (change === 'cut') copy[2] = (copy[2] ?? 0) | 0x02
  if (change === 'query') copy[2] = (copy[2] ?? 0) & 0x7f
  return copy
}
