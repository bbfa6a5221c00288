import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrubbed } from '../../src/adapters/docker-answers.ts'
import { jsonLines } from '../../src/adapters/docker-lines.ts'
import { openFilesLimit } from '../../src/adapters/open-files.ts'
import { layerBound, pullProgress } from '../../src/adapters/docker-progress.ts'

test('scrubbed() hides where the engine keeps things, and keeps what is the tenant’s', () => {
  const id = 'c'.repeat(64)
  const cases = {
    'exec: "/bin/nope": stat /bin/nope: no such file':
      'exec: "/bin/nope": stat /bin/nope: no such file',
    'mount /var/lib/docker/overlay2/abc/merged: busy': 'mount (path): busy',
    'open /data/engine/overlay2/abc/diff: denied': 'open (path): denied',
    [`open /mnt/x/containers/${id}/hosts: gone`]: 'open (path): gone',
    'write /sys/fs/cgroup/memory/docker/x: invalid': 'write (path): invalid',
    'dial /run/containerd/containerd.sock, retry': 'dial (path), retry',
    'two\nlines\u0000': 'two lines',
  }
  const found = Object.fromEntries(Object.keys(cases).map((text) => [text, scrubbed(text)]))
  assert.deepEqual(found, cases)
  assert.equal(scrubbed('x'.repeat(100_000)).length, 1000)
})

async function lines(parts: readonly string[], limit: number): Promise<string[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield Buffer.from(part)
  }
  const found: string[] = []
  for await (const line of jsonLines(chunks(), limit)) found.push(line)
  return found
}

test('jsonLines() joins what is cut, and leaves out what is too long', async () => {
  assert.deepEqual(await lines(['{"a"', ':1}\n{}\n\n', '[]'], 100), ['{"a":1}', '{}', '[]'])
  assert.deepEqual(await lines(['12345', '67890', '1\nok\n'], 10), ['ok'])
  assert.deepEqual(await lines(['1234567890\n', '12345678901'], 10), ['1234567890'])
})

const layer = (id: number, status: string, current = 0) => ({
  id: String(id).padStart(12, '0'),
  status,
  progressDetail: { current, total: 100 },
})

test('pullProgress() rises to 99 and never falls', () => {
  const percent = pullProgress()
  const seen = [
    { status: 'Pulling from app', id: 'latest' },
    layer(1, 'Pulling fs layer'),
    layer(2, 'Already exists'),
    layer(1, 'Downloading', 50),
    layer(1, 'Download complete'),
    layer(3, 'Pulling fs layer'),
    layer(1, 'Extracting', 100),
    layer(3, 'Pull complete'),
    layer(1, 'Pull complete'),
    { status: 'Digest: sha256:x' },
  ].map(percent)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  assert.equal(seen[0], 0)
  assert.equal(seen.at(-1), 99)
})

const limits = (hard: string): string =>
  `Limit  Soft  Hard  Units\nMax open files  1024  ${hard}  files\n`

test('openFilesLimit() is no higher than the host allows', () => {
  assert.equal(openFilesLimit(limits('20000')), 20_000)
  assert.equal(openFilesLimit(limits('1048576')), 65_536)
  assert.equal(openFilesLimit(limits('unlimited')), 65_536)
  assert.equal(openFilesLimit(''), 65_536)
})

test('layerBound() adds up what layers are said to have, or have brought where nothing is said', () => {
  const tooLarge = layerBound(100)
  const message = (id: string, progressDetail: object, status = 'Downloading') =>
    tooLarge({ id, status, progressDetail })
  assert.equal(message('aaaaaaaaaaaa', { current: 1, total: 60 }), false)
  assert.equal(message('aaaaaaaaaaaa', { current: 60, total: 60 }), false)
  assert.equal(message('aaaaaaaaaaaa', { current: 1, total: 90 }, 'Extracting'), false)
  assert.equal(message('latest', { current: 1, total: 900 }), false)
  assert.equal(message('bbbbbbbbbbbb', { current: 40 }), false)
  assert.equal(message('bbbbbbbbbbbb', { current: 41 }), true)
})

test('layerBound() takes more layers than an image can have for too large', () => {
  const tooLarge = layerBound(Infinity)
  const ids = Array.from({ length: 129 }, (_, i) => i.toString(16).padStart(12, '0'))
  const answers = ids.map((id) => tooLarge({ id, status: 'Downloading' }))
  assert.equal(answers.indexOf(true), 128)
})
