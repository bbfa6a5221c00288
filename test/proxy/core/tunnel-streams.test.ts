import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  creditFrame,
  dataHead,
  FrameReader,
  plainFrame,
  resetFrame,
} from '../../../proxy/core/tunnel-frames.ts'
import { TunnelStreams, type TunnelEvent } from '../../../proxy/core/tunnel-streams.ts'
import { FIRST_WINDOW_BYTES, WindowPool } from '../../../proxy/core/tunnel-window.ts'

const POOL = 4 * 1024 * 1024

/** One end, and what it has written and not yet handed over. */
class End {
  readonly pool = new WindowPool(POOL)
  readonly streams: TunnelStreams
  wire: Buffer = Buffer.alloc(0)
  readonly violations: string[] = []
  readonly received = new Map<number, Buffer[]>()
  readonly ended = new Set<number>()
  readonly reset = new Map<number, string>()
  /** Received, and not yet passed on. */
  readonly waiting = new Map<number, number>()
  most = 0

  constructor(role: 'client' | 'server', mostStreams = 8) {
    const write = (head: Buffer, content?: Buffer): void => {
      this.wire = Buffer.concat(
        content === undefined ? [this.wire, head] : [this.wire, head, content],
      )
    }
    this.streams = new TunnelStreams({ role, mostStreams, pool: this.pool, write })
  }

  take(bytes: Buffer): TunnelEvent[] {
    const events = this.streams.take(bytes)
    for (const event of events) this.#note(event)
    const held = [...this.waiting.values()].reduce((sum, one) => sum + one, 0)
    this.most = Math.max(this.most, held)
    return events
  }

  #note(event: TunnelEvent): void {
    if (event.kind === 'violation') this.violations.push(event.reason)
    if (event.kind === 'ended') this.ended.add(event.stream)
    if (event.kind === 'reset') this.reset.set(event.stream, event.reason)
    if (event.kind !== 'data') return
    const { stream, bytes } = event
    this.received.set(stream, [...(this.received.get(stream) ?? []), bytes])
    this.waiting.set(stream, (this.waiting.get(stream) ?? 0) + bytes.length)
  }

  /** Passes on what has come of it. */
  pass(stream: number): void {
    const count = this.waiting.get(stream) ?? 0
    this.waiting.delete(stream)
    if (count > 0) this.streams.consumed(stream, count)
  }

  textOf(stream: number): string {
    return Buffer.concat(this.received.get(stream) ?? []).toString('latin1')
  }
}

/** Hands over up to so many bytes that the one has written. */
function hand(from: End, to: End, most = Infinity): TunnelEvent[] {
  const bytes = from.wire.subarray(0, most)
  from.wire = from.wire.subarray(bytes.length)
  return to.take(Buffer.from(bytes))
}

function pairOf(mostStreams?: number) {
  const client = new End('client')
  const server = new End('server', mostStreams)
  const settle = (): void => {
    while (client.wire.length + server.wire.length > 0) {
      hand(client, server)
      hand(server, client)
    }
  }
  return { client, server, settle }
}

const open = (end: End): number => {
  const stream = end.streams.open()
  assert.ok(stream !== undefined)
  return stream
}

/** Pieces of data byte by byte, since they end where the parts end. */
function reading(parts: readonly Buffer[]): readonly unknown[] {
  const reader = new FrameReader()
  return parts
    .flatMap((part) => reader.read(part))
    .flatMap((one): unknown[] =>
      one.kind === 'data' ? [...one.bytes].map((byte) => [one.stream, byte]) : [one],
    )
}

test('frames that are cut anywhere are read as they were written', () => {
  const frame = fc.oneof(
    fc.nat(0xff_fffe).map((id) => plainFrame('open', id + 1)),
    fc.nat(0xff_fffe).map((id) => plainFrame('end', id + 1)),
    fc.tuple(fc.nat(9), fc.nat(0xffff_ffff)).map(([id, n]) => creditFrame(id + 1, n)),
    fc.tuple(fc.nat(9), fc.string({ maxLength: 40 })).map(([id, why]) => resetFrame(id + 1, why)),
    fc
      .tuple(fc.nat(9), fc.uint8Array({ minLength: 1, maxLength: 99 }))
      .map(([id, bytes]) => Buffer.concat([dataHead(id + 1, bytes.length), bytes])),
    fc.constant(plainFrame('ping', 0)),
  )
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
      const bytes = Buffer.concat(frames)
      const single = Array.from(bytes, (byte) => Buffer.from([byte]))
      assert.deepEqual(reading(single), reading([bytes]))
    }),
  )
})

test('whatever the order of steps, bytes arrive in order and memory stays within the windows', () => {
  /** What one side has to say in one stream. */
  const said = fc.array(fc.nat(90_000), { maxLength: 4 })
  const streams = fc.array(fc.tuple(said, said), { minLength: 1, maxLength: 4 })
  const steps = fc.infiniteStream(fc.tuple(fc.nat(5), fc.nat(3), fc.nat(200_000)))
  fc.assert(
    fc.property(streams, steps, (talks, chance) => {
      const { client, server, settle } = pairOf()
      const ids = talks.map(() => open(client))
      const sides = [
        { end: client, left: talks.map(([words]) => words.map(filled)) },
        { end: server, left: talks.map(([, words]) => words.map(filled)) },
      ] as const
      const expected = sides.map(({ left }) => left.map((words) => words.join('')))
      settle()
      const act = (): void => {
        const [[what, which, amount] = [0, 0, 0]] = chance.take(1)
        const side = sides[what % 2] ?? sides[0]
        const index = which % ids.length
        const id = ids[index] ?? 0
        if (what < 2) say(side.end, id, side.left[index] ?? [])
        else if (what < 4) side.end.pass(id)
        else if (what === 4) hand(client, server, amount)
        else hand(server, client, amount)
      }
      for (let i = 0; i < 400; i++) act()
      // Now everything to its end: each side says the rest, passes on what came, and ends.
      for (let round = 0; round < 200; round++) {
        for (const side of sides) finish(side, ids)
        settle()
      }
      assert.deepEqual([client.violations, server.violations], [[], []])
      for (const [index, id] of ids.entries()) {
        assert.equal(server.textOf(id), expected[0]?.[index])
        assert.equal(client.textOf(id), expected[1]?.[index])
      }
      assert.deepEqual([client.streams.size, server.streams.size], [0, 0])
      const bound = ids.length * FIRST_WINDOW_BYTES + POOL
      assert.ok(client.most <= bound && server.most <= bound)
      assert.deepEqual([client.pool.leftBytes, server.pool.leftBytes], [POOL, POOL])
    }),
    { numRuns: 60 },
  )
})

interface Side {
  readonly end: End
  readonly left: string[][]
}

function finish({ end, left }: Side, ids: readonly number[]): void {
  for (const [index, id] of ids.entries()) {
    say(end, id, left[index] ?? [])
    end.pass(id)
    if ((left[index] ?? []).length === 0) end.streams.end(id)
  }
}

const filled = (length: number, index: number): string =>
  String.fromCharCode(97 + ((index + length) % 26)).repeat(length)

/** Sends what there is credit for of the first thing that is left to say. */
function say(end: End, stream: number, left: string[]): void {
  const [first = ''] = left
  const sent = end.streams.send(stream, Buffer.from(first, 'latin1'))
  if (sent === first.length) left.shift()
  else left[0] = first.slice(sent)
}

test('a side that passes nothing on is sent its window, and no more', () => {
  const { client, server, settle } = pairOf()
  const stream = open(client)
  const sent = client.streams.send(stream, Buffer.alloc(10 * FIRST_WINDOW_BYTES))
  settle()
  assert.equal(sent, FIRST_WINDOW_BYTES)
  assert.equal(client.streams.send(stream, Buffer.alloc(1)), 0)
  assert.equal(server.most, FIRST_WINDOW_BYTES)
  assert.deepEqual(server.violations, [])
})

test('a window grows with what is passed on, and gives back what it took of the pool', () => {
  const { client, server, settle } = pairOf()
  const stream = open(client)
  let most = 0
  for (let i = 0; i < 40; i++) {
    most = Math.max(most, client.streams.send(stream, Buffer.alloc(4 * 1024 * 1024)))
    settle()
    server.pass(stream)
    settle()
  }
  assert.equal(most, 1024 * 1024)
  assert.equal(server.pool.leftBytes, POOL - (1024 * 1024 - FIRST_WINDOW_BYTES))
  client.streams.reset(stream, 'enough')
  settle()
  assert.equal(server.reset.get(stream), 'enough')
  assert.equal(server.pool.leftBytes, POOL)
})

test('a stream ends in halves, in either order', () => {
  for (const first of ['client', 'server'] as const) {
    const { client, server, settle } = pairOf()
    const stream = open(client)
    settle()
    const [one, other] = first === 'client' ? [client, server] : [server, client]
    one.streams.end(stream)
    settle()
    assert.ok(other.ended.has(stream))
    assert.equal(one.streams.send(stream, Buffer.alloc(1)), 0)
    assert.equal(other.streams.send(stream, Buffer.from('more')), 4)
    other.streams.end(stream)
    settle()
    assert.equal(one.textOf(stream), 'more')
    assert.ok(one.ended.has(stream))
    assert.deepEqual([client.streams.size, server.streams.size], [0, 0])
  }
})

test('what is still on its way to a stream that was reset is dropped', () => {
  const { client, server, settle } = pairOf()
  const stream = open(client)
  settle()
  client.streams.send(stream, Buffer.alloc(1000))
  server.streams.reset(stream, 'gone')
  settle()
  assert.equal(client.reset.get(stream), 'gone')
  assert.deepEqual([client.violations, server.violations], [[], []])
})

test('a stream too many is reset, and none is opened by its own side', () => {
  const { client, server, settle } = pairOf(2)
  const ids = Array.from({ length: 8 }, () => open(client))
  assert.equal(client.streams.open(), undefined)
  settle()
  assert.deepEqual([...client.reset.keys()], ids.slice(2))
  assert.equal(server.streams.size, 2)
})

test('a ping is answered', () => {
  const { client, server } = pairOf()
  client.streams.ping()
  hand(client, server)
  assert.deepEqual(server.wire, plainFrame('pong', 0))
  assert.deepEqual(hand(server, client), [])
})

const data = (stream: number, length: number): Buffer =>
  Buffer.concat([dataHead(stream, length), Buffer.alloc(length)])

test('a peer that does not keep to the protocol is found out', () => {
  const opened = plainFrame('open', 1)
  const wrong: readonly (readonly [string, readonly Buffer[]])[] = [
    ['data of a stream that nobody opened', [data(1, 1)]],
    ['a stream opened twice', [opened, opened]],
    ['a stream opened behind another', [plainFrame('open', 2), opened]],
    ['more than the window', [opened, data(1, FIRST_WINDOW_BYTES), data(1, 1)]],
    ['data after the end', [opened, plainFrame('end', 1), data(1, 1)]],
    ['credit without end', [opened, creditFrame(1, 0xffff_ffff)]],
    ['an unknown kind', [Buffer.from([9, 0, 0, 1, 0, 0, 0, 0])]],
    ['a stream of its own for a ping', [Buffer.from([6, 0, 0, 1, 0, 0, 0, 0])]],
    ['stream 0', [Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])]],
    ['data that is too long', [opened, dataHead(1, 65_537)]],
    ['a reset without end', [opened, Buffer.from([5, 0, 0, 1, 0, 0, 2, 0])]],
  ]
  for (const [what, frames] of wrong) {
    const server = new End('server')
    server.take(Buffer.concat(frames))
    assert.equal(server.violations.length, 1, what)
  }
  const client = new End('client')
  client.take(opened)
  assert.equal(client.violations.length, 1)
})

test('no bytes make a side throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      new End('server').take(Buffer.concat([plainFrame('open', 1), bytes]))
    }),
  )
})
