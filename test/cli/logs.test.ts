import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desk } from './command-line.ts'

const at = (second: number) => `2026-01-02T03:04:0${second}.000Z`
const line = (second: number, text: string, stream = 'stdout') => ({
  time: at(second),
  stream,
  line: text,
})

test('logs writes stdout to stdout and stderr to stderr', async () => {
  await using user = await desk({
    'containers.logs': () => ({
      lines: [line(1, 'out'), line(2, 'err', 'stderr'), line(3, 'out2')],
    }),
  })
  const { code, stdout, stderr } = await user.type('logs hello')
  assert.deepEqual([code, stdout, stderr], [0, 'out\nout2\n', 'err\n'])
})

const now = () => new Date('2026-01-02T03:14:05.000Z')

test('logs asks for what its options say', async () => {
  await using user = await desk()
  await user.type('logs -f --tail 5 --since 10m --stream stderr hello', { now })
  assert.deepEqual(user.platform.asked[0]?.query, {
    tail: 5,
    since: '2026-01-02T03:04:05.000Z',
    follow: true,
    stream: 'stderr',
  })
})

test('logs --json is one document a line, with stream and time', async () => {
  await using user = await desk({ 'containers.logs': () => ({ lines: [line(1, 'a', 'stderr')] }) })
  const { stdout } = await user.type('logs --json hello')
  assert.deepEqual(JSON.parse(stdout), line(1, 'a', 'stderr'))
})

test('a terminal gets the colours of a log, but nothing else that it would obey', async () => {
  const text = '\u001b[31mred\u001b[0m \u001b]0;title\u0007\ttab'
  await using user = await desk({ 'containers.logs': () => ({ lines: [line(1, text)] }) })
  const shown = await user.type('logs hello', { isTty: true })
  assert.equal(shown.stdout, '\u001b[31mred\u001b[0m \\x1b]0;title\\x07\ttab\n')
  const piped = await user.type('logs hello')
  assert.equal(piped.stdout, `${text}\n`)
})

test('logs -f goes on where it broke off, with no line lost and none twice', async () => {
  let calls = 0
  await using user = await desk({
    'containers.logs': () =>
      ++calls === 1
        ? { lines: [line(1, 'a'), line(2, 'b'), line(2, 'c')], isBroken: true }
        : { lines: [line(2, 'b'), line(2, 'c'), line(2, 'd'), line(3, 'e')] },
  })
  const { code, stdout } = await user.type('logs -f --tail 10 hello')
  assert.deepEqual([code, stdout], [0, 'a\nb\nc\nd\ne\n'])
  const { query } = user.platform.asked[1] ?? {}
  assert.deepEqual([query?.['since'], query?.['tail']], [at(2), undefined])
})

test('without -f a log that breaks off is an error', async () => {
  await using user = await desk({
    'containers.logs': () => ({ lines: [line(1, 'a')], isBroken: true }),
  })
  const { code, stdout } = await user.type('logs hello')
  assert.deepEqual([code, stdout], [3, 'a\n'])
})

test('an error that ends a stream is the error of the command', async () => {
  const error = { type: '/problems/engine-unavailable', status: 503, detail: 'Cannot read it' }
  await using user = await desk({
    'containers.logs': () => ({ lines: [line(1, 'a'), { error }] }),
  })
  const { code, stdout, stderr } = await user.type('logs hello')
  assert.deepEqual([code, stdout, stderr], [1, 'a\n', 'cloudlet: Cannot read it\n'])
})

test('Ctrl-C ends a followed log with 130 and without a word', async () => {
  const interrupt = new AbortController()
  await using user = await desk({
    'containers.logs': () => {
      queueMicrotask(() => interrupt.abort(new Error('Stopped by SIGINT')))
      return { lines: [], isOpen: true }
    },
  })
  const { code, stderr } = await user.type('logs -f hello', { signal: interrupt.signal })
  assert.deepEqual([code, stderr], [130, ''])
})
