import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { DnsFrames, framed } from '../../../proxy/core/dns-frames.ts'
import { decodeMessage, encodeQuestion, type Message } from '../../../proxy/core/dns-message.ts'
import { nameKey, nameText } from '../../../proxy/core/dns-name.ts'
import type { Endpoint } from '../../../proxy/core/dns-resolvers.ts'

export interface Ask {
  readonly name: string
  readonly type: number
  readonly id?: number
  readonly edns?: boolean
}

export function question({ name, type, id = 77, edns = false }: Ask): Buffer {
  const key = nameKey(name)
  assert.ok(key !== null, `"${name}" is no name`)
  const packet = encodeQuestion({
    id,
    key,
    type,
    recursion: true,
    checkingDisabled: false,
    edns: edns ? { secure: false } : null,
  })
  return packet
}

export interface Told {
  readonly rcode: number
  /** Each as `name type data`, addresses and names in text. */
  readonly answers: readonly string[]
  readonly authorities: readonly string[]
  readonly message: Message
  readonly packet: Buffer
}

export function told(packet: Buffer): Told {
  const message = decodeMessage(packet)
  assert.ok(message !== null, `an answer is malformed: ${packet.toString('hex')}`)
  const text = (records: Message['answers']): string[] =>
    records.map(({ key, type, dataAt, dataBytes }) => {
      const data = packet.subarray(dataAt, dataAt + dataBytes)
      return `${nameText(key)} ${type} ${dataText(type, data)}`
    })
  return {
    rcode: message.flags & 0xf,
    answers: text(message.answers),
    authorities: text(message.authorities),
    message,
    packet,
  }
}

function dataText(type: number, data: Buffer): string {
  if (type === 1) return data.join('.')
  if (type === 12 || type === 2) return nameText(data.toString('latin1'))
  return type === 6 ? 'SOA' : data.toString('hex')
}

const DEADLINE_MS = 5000

/** Sends one datagram from `source` and waits for the one that comes back. */
export function overUdp(server: Endpoint, packet: Buffer, source: string): Promise<Buffer> {
  return new Promise((done, fail) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => finish(() => fail(new Error('no answer'))), DEADLINE_MS)
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.close()
      settle()
    }
    socket.on('error', (error) => finish(() => fail(error)))
    socket.on('message', (answer) => finish(() => done(Buffer.from(answer))))
    socket.bind(0, source, () => socket.send(packet, server.port, server.host))
  })
}

/** Sends `chunks` over one connection and gathers `count` messages. */
export function overTcp(
  server: Endpoint,
  chunks: readonly Buffer[],
  { source, count }: { readonly source: string; readonly count: number },
): Promise<Buffer[]> {
  return new Promise((done, fail) => {
    const socket = connect({ ...server, localAddress: source, noDelay: true })
    const frames = new DnsFrames()
    const got: Buffer[] = []
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), DEADLINE_MS)
    socket.on('error', fail)
    socket.on('connect', () => {
      for (const chunk of chunks) socket.write(chunk)
      socket.end()
    })
    socket.on('data', (chunk: Buffer) => frames.push(chunk, (message) => got.push(message)))
    socket.on('close', () => {
      clearTimeout(timer)
      if (got.length === count) done(got)
      else fail(new Error(`${got.length} answers instead of ${count}`))
    })
  })
}

export async function askUdp(server: Endpoint, ask: Ask, source: string): Promise<Told> {
  return told(await overUdp(server, question(ask), source))
}

export async function askTcp(server: Endpoint, ask: Ask, source: string): Promise<Told> {
  const [answer] = await overTcp(server, [framed(question(ask))], { source, count: 1 })
  assert.ok(answer)
  return told(answer)
}
