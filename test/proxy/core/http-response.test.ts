import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readResponseHead } from '../../../proxy/core/http-response.ts'
import type { ResponseHead } from '../../../proxy/core/http-response.ts'

function head(text: string, method = 'GET'): ResponseHead {
  const result = readResponseHead(Buffer.from(text, 'latin1'), method)
  assert.ok(result.kind === 'head', JSON.stringify(result))
  return result
}

function kind(text: string): string {
  return readResponseHead(Buffer.from(text, 'latin1'), 'GET').kind
}

test('readResponseHead() finds status, framing and the start of the content', () => {
  const text =
    'HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nKeep-Alive: timeout=7, max=9\r\n\r\nhello'
  const answer = head(text)
  assert.equal(answer.status, 404)
  assert.deepEqual(answer.framing, { kind: 'length', bytes: 5 })
  assert.equal(answer.keepAliveS, 7)
  assert.equal(answer.persistent, true)
  assert.equal(text.slice(answer.end), 'hello')
})

test('a reason may be anything or nothing', () => {
  for (const line of [
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.0 200 Très bien',
    'HTTP/1.1 999 x',
  ]) {
    assert.equal(kind(`${line}\r\n\r\n`), 'head', line)
  }
  const wrong = ['HTTP/1.1 20 x', 'HTTP/1.1 2000', 'HTTP/2.0 200', 'http/1.1 200', 'HTTP/1.1  200']
  for (const line of [...wrong, 'HTTP/1.1 099 x', 'HTTP/1.1 200\t']) {
    assert.equal(kind(`${line}\r\n\r\n`), 'refused', line)
  }
})

test('the end of an answer follows from its status, its method and its fields', () => {
  const chunked = '\r\nTransfer-Encoding: Chunked\r\n\r\n'
  assert.equal(head(`HTTP/1.1 200${chunked}`).framing.kind, 'chunked')
  assert.equal(head(`HTTP/1.1 200${chunked}`, 'HEAD').framing.kind, 'none')
  assert.equal(head('HTTP/1.1 200\r\n\r\n').framing.kind, 'until-close')
  assert.equal(head('HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n').persistent, false)
  for (const status of [100, 103, 204, 304]) {
    const answer = head(`HTTP/1.1 ${status}\r\nContent-Length: 9\r\n\r\n`)
    assert.equal(answer.framing.kind, 'none', String(status))
  }
})

test('a switch is one only with both of its fields', () => {
  const line = 'HTTP/1.1 101 Switching Protocols\r\n'
  assert.equal(head(`${line}Upgrade: WebSocket\r\nConnection: upgrade\r\n\r\n`).upgraded, true)
  assert.equal(head(`${line}Upgrade: websocket\r\n\r\n`).upgraded, false)
  assert.equal(head(`${line}Connection: upgrade\r\n\r\n`).upgraded, false)
})

test('a beginning of an answer has the verdict of the whole, or none yet', () => {
  const piece = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'A: b\r\n',
    '\r\n',
    '\n',
    '\0',
    ' ',
    'x',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${pieces.join('')}\r\n`)
      const whole = readResponseHead(bytes, 'GET')
      for (let end = 0; end < bytes.length; end += 1) {
        const part = readResponseHead(bytes.subarray(0, end), 'GET')
        if (part.kind === 'refused') assert.deepEqual(part, whole)
        if (part.kind === 'head') assert.ok(whole.kind === 'head' && whole.end === part.end)
      }
    }),
    { numRuns: 1000 },
  )
})

test('no bytes make readResponseHead() throw', () => {
  const bytes = fc.uint8Array({ maxLength: 100 })
  fc.assert(
    fc.property(bytes, fc.boolean(), (random, isPrefixed) => {
      const prefix = Buffer.from(isPrefixed ? 'HTTP/1.1 200 OK\r\n' : '')
      const result = readResponseHead(Buffer.concat([prefix, random]), 'GET')
      assert.ok(['head', 'refused', 'incomplete'].includes(result.kind))
    }),
    { numRuns: 30_000 },
  )
})
