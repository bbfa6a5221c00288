import assert from 'node:assert/strict'

export interface Shown {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"`
const SAMPLE = new RegExp(String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (\S+)$`)
const VALUE = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/
const TYPES = ['counter', 'gauge', 'histogram']

/**
 * Reads the text format of Prometheus, version 0.0.4, and refuses what `promtool check metrics` would: lines
 * that are none, samples apart from their metric or twice, counters without `_total`, buckets that do not add up.
 */
export function readExposition(text: string): ReadonlyMap<string, readonly Shown[]> {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line ends')
  const found = new Map<string, Shown[]>()
  const families = new Set<string>()
  const seen = new Set<string>()
  let family = { name: '', type: '' }
  const lines = text.split('\n').slice(0, -1)
  for (const [i, line] of lines.entries()) {
    const help = new RegExp(`^# HELP (${NAME}) \\S`).exec(line)
    const type = new RegExp(`^# TYPE (${NAME}) (\\w+)$`).exec(line)
    if (help) {
      const [, name = ''] = help
      assert.ok(!families.has(name), `${name} is there twice`)
      families.add(name)
      family = { name, type: '' }
    } else if (type) {
      assert.equal(type[1], family.name, line)
      assert.ok(TYPES.includes(type[2] ?? ''), line)
      family = { name: family.name, type: type[2] ?? '' }
      assert.equal(family.name.endsWith('_total'), family.type === 'counter', line)
    } else {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
      assert.match(value, VALUE, `line ${i + 1}: ${line}`)
      assert.ok(belongs(name, family), line)
      assert.ok(!seen.has(`${name} ${labels}`), `twice: ${line}`)
      seen.add(`${name} ${labels}`)
      found.set(name, [
        ...(found.get(name) ?? []),
        { labels: labelsIn(labels), value: numberOf(value) },
      ])
      if (family.type !== 'gauge') assert.ok(numberOf(value) >= 0, line)
    }
  }
  for (const name of found.keys()) {
    if (name.endsWith('_bucket')) addUp(found, name.slice(0, -'_bucket'.length))
  }
  return found
}

function belongs(name: string, family: { name: string; type: string }): boolean {
  const ends = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  return family.type !== '' && ends.some((end) => name === family.name + end)
}

const plain = (value: string): string =>
  value.replaceAll(/\\(.)/g, (_, mark: string) => (mark === 'n' ? '\n' : mark))

function labelsIn(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
  const labels = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, plain(value)]))
  assert.equal(Object.keys(labels).length, pairs.length, `a label twice: ${text}`)
  return labels
}

const numberOf = (value: string): number => (value === '+Inf' ? Infinity : Number(value))

/** Buckets hold all below their bound, the last of them everything. */
function addUp(found: ReadonlyMap<string, readonly Shown[]>, name: string): void {
  const rows = new Map<string, { bound: number; value: number }[]>()
  for (const { labels, value } of found.get(`${name}_bucket`) ?? []) {
    const { le = '', ...others } = labels
    const key = JSON.stringify(others)
    rows.set(key, [...(rows.get(key) ?? []), { bound: numberOf(le), value }])
  }
  for (const { labels, value } of found.get(`${name}_count`) ?? []) {
    const buckets = rows.get(JSON.stringify(labels)) ?? []
    assert.equal(buckets.at(-1)?.bound, Infinity)
    assert.equal(buckets.at(-1)?.value, value)
    for (const [i, bucket] of buckets.entries()) {
      const before = buckets[i - 1] ?? { bound: -Infinity, value: 0 }
      assert.ok(bucket.bound > before.bound && bucket.value >= before.value, name)
    }
  }
  assert.equal(found.get(`${name}_sum`)?.length, rows.size)
}
