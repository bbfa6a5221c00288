import assert from 'node:assert/strict'
import { test } from 'node:test'
import { givenFrom } from '../../src/cli/arguments.ts'
import { suggestion } from '../../src/cli/suggestion.ts'
import { table } from '../../src/cli/table.ts'
import { cut, visible, width } from '../../src/cli/text.ts'
import { ageText, bytesOf, cpuMilliOf, cpuText, secondsOf, sizeText } from '../../src/cli/units.ts'

test('bytesOf() counts in powers of 1024', () => {
  for (const [text, bytes] of [
    ['256m', 268_435_456],
    ['1g', 1_073_741_824],
    ['1GiB', 1_073_741_824],
    ['1.5k', 1536],
    ['512', 512],
    ['512b', 512],
  ] as const) {
    assert.equal(bytesOf(text, '--memory'), bytes, text)
  }
})

test('bytesOf(), cpuMilliOf() and secondsOf() refuse what is no amount', () => {
  for (const text of ['', '-1', '1x', 'NaN', '1e9', '0x10', ' 1', '1 g', '∞']) {
    assert.throws(() => bytesOf(text, '--memory'), /Cannot understand --memory/)
    assert.throws(() => cpuMilliOf(text, '--cpu'), /Cannot understand --cpu/)
    assert.throws(() => secondsOf(text, '--since'), /Cannot understand --since/)
  }
})

test('cpuMilliOf() takes thousandths and decimals', () => {
  const texts = ['500m', '0.5', '2', '0.125']
  assert.deepEqual(
    texts.map((text) => cpuMilliOf(text, '--cpu')),
    [500, 500, 2000, 125],
  )
})

test('secondsOf() takes the units of everyday', () => {
  const texts = ['90', '90s', '10m', '2h', '1d', '500ms']
  assert.deepEqual(
    texts.map((text) => secondsOf(text, '--since')),
    [90, 90, 600, 7200, 86_400, 0.5],
  )
})

test('sizeText(), cpuText() and ageText() say an amount briefly', () => {
  assert.deepEqual([0, 512, 268_435_456, 1_610_612_736].map(sizeText), [
    '0 B',
    '512 B',
    '256 MiB',
    '1.5 GiB',
  ])
  assert.deepEqual([1500, 2000].map(cpuText), ['1500m', '2'])
  const now = new Date('2026-01-02T00:00:00Z')
  assert.equal(ageText('2026-01-01T23:59:30Z', now), '30s')
  assert.equal(ageText('2025-12-31T00:00:00Z', now), '2d')
})

test('width() counts columns, not characters', () => {
  assert.deepEqual(['abc', '日本', 'e\u0301', '🚀'].map(width), [3, 4, 1, 2])
})

test('cut() never exceeds its columns', () => {
  assert.equal(cut('hello', 5), 'hello')
  assert.equal(cut('hello', 4), 'hel…')
  assert.ok(width(cut('日本語日本語', 4)) <= 4)
})

test('visible() leaves nothing for a terminal to obey', () => {
  const all = Array.from({ length: 0x300 }, (_one, code) => String.fromCharCode(code)).join('')
  assert.doesNotMatch(visible(all), /\p{Cc}/u)
  assert.equal(visible('a\u2067b'), String.raw`a\u2067b`)
})

test('table() aligns by columns and cuts the widest', () => {
  const rows = [
    ['a', 'x'.repeat(50)],
    ['日本', 'y'],
  ]
  const whole = table(['N', 'LONG'], rows, { columns: null, color: false })
  assert.equal(whole, `N     LONG\na     ${'x'.repeat(50)}\n日本  y\n`)
  const fitted = table(['N', 'LONG'], rows, { columns: 20, color: false })
  assert.ok(
    fitted.split('\n').every((line) => width(line) <= 20),
    fitted,
  )
})

test('suggestion() finds slips of the finger and beginnings, and nothing far away', () => {
  const known = ['start', 'stop', 'restart', 'rm', 'run']
  assert.equal(suggestion('strat', known), 'start')
  assert.equal(suggestion('sotp', known), 'stop')
  assert.equal(suggestion('rest', known), 'restart')
  assert.equal(suggestion('completely', known), null)
})

test('givenFrom() leaves what stands after -- alone', () => {
  const given = givenFrom(['a', '--force', '--', '--force', '-x'], {
    force: { type: 'boolean', summary: '' },
  })
  assert.deepEqual([given.positionals, given.has('force')], [['a', '--force', '-x'], true])
})

test('givenFrom() is not led astray by names of the language', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.throws(() => givenFrom([`--${name}=1`], {}), /Unknown option/)
  }
})
