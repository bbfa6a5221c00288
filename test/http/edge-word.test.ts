import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDGE_FIELD } from '../../proxy/core/api-front.ts'
import { sourceOf } from '../../src/http/edge-word.ts'

const MARK = 'mark-of-the-ingress-that-nobody-guesses-'
const EARLIER = 'mark-of-an-earlier-root-key-of-the-ring-'
const PEER = '127.0.0.1'

const from = (word: string | undefined, marks: readonly string[] = [MARK, EARLIER]): string => {
  const field = (name: string): string | undefined =>
    name === EDGE_FIELD.toLowerCase() ? word : '203.0.113.66'
  return sourceOf({ field, peer: PEER }, marks)
}

test('sourceOf() believes whoever shows a mark, and nothing else that a request says', () => {
  assert.equal(from(`${MARK} 198.51.100.7`), '198.51.100.7')
  assert.equal(from(`${EARLIER} 2001:db8::7`), '2001:db8::7')
  assert.equal(from(`${MARK} fe80::1%eth0`), 'fe80::1%eth0')
  assert.equal(from(undefined), PEER)
})

test('sourceOf() takes the peer where the word is not exactly that of the ingress', () => {
  const good = `${MARK} 198.51.100.7`
  for (const word of [
    '',
    '198.51.100.7',
    MARK,
    `${MARK}x 198.51.100.7`,
    `${MARK.slice(1)} 198.51.100.7`,
    `${MARK.toUpperCase()} 198.51.100.7`,
    `${good}, ${good}`,
    `${MARK}  198.51.100.7`,
    `${MARK} somebody`,
    `${MARK} `,
  ]) {
    assert.equal(from(word), PEER, word)
  }
  assert.equal(from(good, []), PEER)
})
