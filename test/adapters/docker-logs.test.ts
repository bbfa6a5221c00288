import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { logRecords } from '../../src/adapters/docker-logs.ts'
import { EngineAway, type LogRecord } from '../../src/ports/engine.ts'

const STAMP = '2026-01-02T03:04:05.678901234Z'

function frame(stream: number, message: string | Buffer): Buffer {
  const body = Buffer.from(message)
  const head = Buffer.alloc(8)
  head.writeUInt8(stream, 0)
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, body])
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function records(bytes: Buffer, size = bytes.length): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const record of logRecords(inPieces(bytes, size))) found.push(record)
  return found
}

test('logRecords() tells streams and times apart, wherever the bytes are cut', async () => {
  const bytes = Buffer.concat([
    frame(1, `${STAMP} eins\n`),
    frame(2, `${STAMP} zwei – drei\n`),
    frame(1, `${STAMP} \n`),
    frame(1, 'no time\n'),
  ])
  const time = new Date('2026-01-02T03:04:05.678Z')
  const expected = [
    { stream: 'stdout', time, line: 'eins' },
    { stream: 'stderr', time, line: 'zwei – drei' },
    { stream: 'stdout', time, line: '' },
    { stream: 'stdout', time: null, line: 'no time' },
  ]
  for (let size = 1; size <= bytes.length; size += 1) {
    assert.deepEqual(await records(bytes, size), expected, `cut every ${size} bytes`)
  }
})

test('logRecords() splits lines longer than 16 KiB', async () => {
  const found = await records(frame(1, `${STAMP} ${'x'.repeat(40_000)}\n`))
  assert.deepEqual(
    found.map(({ line }) => line.length),
    [16_384, 16_384, 40_000 - 2 * 16_384],
  )
})

test('logRecords() keeps a character whole that two parts of a line share', async () => {
  const euro = Buffer.from('€')
  const first = Buffer.concat([Buffer.from(`${STAMP} a`), euro.subarray(0, 1)])
  const second = Buffer.concat([Buffer.from(`${STAMP} `), euro.subarray(1), Buffer.from('b\n')])
  const other = frame(2, `${STAMP} between\n`)
  const found = await records(Buffer.concat([frame(1, first), other, frame(1, second)]))
  assert.deepEqual(
    found.map(({ line }) => line),
    ['a', 'between', '€b'],
  )
})

test('logRecords() refuses what is no frame', async () => {
  for (const bytes of [frame(7, 'x'), Buffer.from('plain text, no frame')]) {
    await assert.rejects(records(bytes), EngineAway)
  }
  const endless = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
  await assert.rejects(records(endless), EngineAway)
})

test('logRecords() ends in records or in a refusal, whatever the bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      const found = await records(Buffer.from(bytes), 3).catch((error: unknown) => error)
      assert.ok(Array.isArray(found) || found instanceof EngineAway)
    }),
  )
})
