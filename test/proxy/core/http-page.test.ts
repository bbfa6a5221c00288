import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { troublePage } from '../../../proxy/core/http-page.ts'
import type { PageShape } from '../../../proxy/core/http-page.ts'
import { readResponseHead } from '../../../proxy/core/http-response.ts'

const TROUBLE = {
  status: 503,
  code: 'starting',
  wrong: 'The app at <b>ä"\'&</b> is not up',
  advice: 'Wait',
  retryAfterS: 1,
} as const
const SHAPE: PageShape = {
  html: false,
  headOnly: false,
  connection: '',
  date: 'Sun, 06 Nov 1994 08:49:37 GMT',
  requestId: 'r1',
}

test('troublePage() is an answer of exactly the length that it says', () => {
  for (const html of [true, false]) {
    const bytes = Buffer.from(troublePage(TROUBLE, { ...SHAPE, html }))
    const head = readResponseHead(bytes, 'GET')
    assert.ok(head.kind === 'head')
    assert.deepEqual(head.framing, { kind: 'length', bytes: bytes.length - head.end })
    assert.equal(head.status, 503)
  }
})

test('troublePage() has no markup but its own', () => {
  const page = troublePage(TROUBLE, { ...SHAPE, html: true })
  assert.ok(page.includes('&lt;b&gt;ä&quot;&#39;&amp;&lt;/b&gt;'))
  assert.ok(!page.includes('<b>'))
})

test('troublePage() for HEAD is its head alone', () => {
  const page = troublePage(TROUBLE, { ...SHAPE, headOnly: true })
  assert.match(page, /Content-Length: [1-9]\d*\r\n[^]*\r\n\r\n$/)
})
