import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../scripts/bootstrap/run.js'

/** The runner of all tests, on files of tests that are made up. */

const RUNNER = join(import.meta.dirname, '../run.ts')
const BEGIN = `import assert from 'node:assert/strict'\nimport { before, test } from 'node:test'\n`
const GOOD = `test('holds', () => undefined)\n`

async function ran(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-runner-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, `${name}.test.ts`), BEGIN + text)
    }
    // Node runs no tests within tests, unless it does not know of it.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const only = join(folder, '*.test.ts')
    const command = [process.execPath, RUNNER, '--only', only]
    const { status, output } = await run(command, { env, quiet: true })
    const lines = output.replaceAll(`${folder}/`, '').split('\n')
    const about = (file: string): string[] =>
      lines
        .filter((line) => /^(?:ok|FAIL) /.test(line) && line.includes(`${file}.test.ts`))
        .map((line) => line.replace(/ \(\d+ ms\)/, ''))
    return { status, output, about, last: lines.at(-2) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('each test is told with its file, and only what passes in all is a success', async () => {
  const good = await ran({ a: GOOD, b: GOOD, c: GOOD })
  assert.deepEqual([good.status, good.last], [0, '3 passed, 0 failed'])
  assert.deepEqual(good.about('b'), ['ok   b.test.ts: holds'])

  const bad = await ran({ a: GOOD, b: `test('breaks', () => assert.equal(1, 2))\n${GOOD}` })
  assert.deepEqual([bad.status, bad.last], [1, '2 passed, 1 failed'])
  assert.deepEqual(bad.about('b'), ['FAIL b.test.ts: breaks', 'ok   b.test.ts: holds'])
  assert.match(bad.output, /1 !== 2/)
})

test('a file that runs no test, skips one or cannot be loaded has failed', async () => {
  const { status, about, last } = await ran({
    a: '',
    b: `test('is put off', { skip: 'for now' }, () => undefined)\n`,
    c: `import './nothing.ts'\n${GOOD}`,
    d: GOOD,
  })
  assert.deepEqual([status, last], [1, '1 passed, 3 failed'])
  assert.deepEqual(about('a'), ['FAIL a.test.ts: it ran no test'])
  assert.deepEqual(about('b'), ['FAIL b.test.ts: is put off'])
  assert.equal(about('c').length, 1)
  assert.deepEqual(about('d'), ['ok   d.test.ts: holds'])
})

test('a file that ends the process it shares is named, and those after it still run', async () => {
  const ends = `${GOOD}test('leaves', () => process.exit(0))\n`
  const { status, about, output } = await ran({ a: GOOD, b: ends, c: GOOD, d: GOOD })
  assert.equal(status, 1)
  assert.match(about('b').join('\n'), /^FAIL b\.test\.ts: the process that it shared .* ended/m)
  for (const file of ['a', 'c', 'd']) {
    assert.deepEqual(about(file), [`ok   ${file}.test.ts: holds`], output)
  }
})

test('an error that comes after its test had ended is a failure', async () => {
  const late = `test('is late', () => {
  setTimeout(() => { throw new Error('too late to be heard') }, 20)
})\n`
  const { status, output } = await ran({ a: late, b: GOOD })
  assert.equal(status, 1)
  assert.match(output, /too late to be heard/)
})

test('what a file does before its tests is done for its own tests alone', async () => {
  const counts = `let times = 0
before(() => void times++)
test('was prepared once', () => assert.equal(times, 1))\n`
  const { status, last } = await ran({ a: counts, b: counts, c: GOOD, d: GOOD })
  assert.deepEqual([status, last], [0, '4 passed, 0 failed'])
})
