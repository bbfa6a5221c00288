import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { imageReference } from '../../src/core/image-reference.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`

const normalised = (text: string): string => {
  const parsed = imageReference(text)
  return parsed.ok ? parsed.normalised : `refused: ${parsed.reason}`
}

test('imageReference() fills in what Docker fills in', () => {
  const cases = {
    nginx: 'docker.io/library/nginx:latest',
    'nginx:1.27': 'docker.io/library/nginx:1.27',
    'grafana/loki': 'docker.io/grafana/loki:latest',
    'docker.io/nginx': 'docker.io/library/nginx:latest',
    'index.docker.io/nginx': 'docker.io/library/nginx:latest',
    'index.docker.io/a/b:c': 'docker.io/a/b:c',
    'localhost/app': 'localhost/app:latest',
    'localhost:5000/app': 'localhost:5000/app:latest',
    '127.0.0.1:5000/a/b/c:v1': '127.0.0.1:5000/a/b/c:v1',
    'GHCR.io/owner/app': 'ghcr.io/owner/app:latest',
    [`nginx@${DIGEST}`]: `docker.io/library/nginx@${DIGEST}`,
    [`nginx:1@${DIGEST}`]: `docker.io/library/nginx:1@${DIGEST}`,
    'a__b/c-d--e.f:T_g.h-1': 'docker.io/a__b/c-d--e.f:T_g.h-1',
    'sha256/app': 'docker.io/sha256/app:latest',
  }
  const found = Object.fromEntries(Object.keys(cases).map((text) => [text, normalised(text)]))
  assert.deepEqual(found, cases)
})

test('imageReference() answers the parts', () => {
  assert.deepEqual(imageReference(`ghcr.io/o/app@${DIGEST}`), {
    ok: true,
    registry: 'ghcr.io',
    repository: 'o/app',
    tag: null,
    digest: DIGEST,
    normalised: `ghcr.io/o/app@${DIGEST}`,
  })
})

test('imageReference() refuses what names no image in a registry', () => {
  const refused = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'Nginx',
    'a/B',
    'nginx:',
    'nginx:-x',
    `nginx:${'t'.repeat(129)}`,
    'nginx@',
    'nginx@sha256:abc',
    `nginx@${DIGEST.toUpperCase()}`,
    `nginx@${DIGEST}@${DIGEST}`,
    DIGEST,
    'sha256:abcdef',
    'ab'.repeat(32),
    'a..b',
    '.a',
    'a_-b',
    '../etc/passwd',
    'host:99999/a',
    'host:0/a',
    '-h.example/a',
    'http://example.com/a',
    'user@example.com/a',
    'example.com/../a',
    'a b',
    'a\nb',
    'a%2fb',
    `example.com/${'a'.repeat(250)}`,
    'x'.repeat(10_000),
  ]
  for (const text of refused) assert.match(normalised(text), /^refused: ./, JSON.stringify(text))
})

test('imageReference() reads its own answer back unchanged, and throws on nothing', () => {
  const letters = fc.stringMatching(/^[a-z0-9./:@_-]{0,40}$/)
  fc.assert(
    fc.property(fc.oneof(letters, fc.string()), (text) => {
      const parsed = imageReference(text)
      if (parsed.ok) assert.deepEqual(imageReference(parsed.normalised), parsed)
    }),
  )
})
