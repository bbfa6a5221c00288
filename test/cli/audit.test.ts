import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AuditLink } from '../../src/contract/audit.ts'
import { desk, type Desk } from './command-line.ts'
import { entry, link, verdict } from './samples.ts'

const macOf = (seq: number): string => String(seq).padStart(43, 'm')
const links = (count: number): AuditLink[] =>
  Array.from({ length: count }, (_, index) => {
    const seq = index + 1
    return { ...link, seq, previousMac: seq === 1 ? '' : macOf(index), mac: macOf(seq) }
  })

/** The platform says that all it is shown is good, but for one entry. */
function judging(user: Desk, badSeq = 0): number[][] {
  const shown: number[][] = []
  user.platform.on('tenant-audit.verify-given', ({ body }) => {
    const given = AuditLink.array().parse(body['entries'])
    shown.push([given[0]?.seq ?? 0, given.length])
    const bad = given.findIndex(({ seq }) => seq === badSeq)
    const good = bad === -1 ? given : given.slice(0, bad)
    const last = good.at(-1)
    const firstBad = bad === -1 ? null : { seq: badSeq, flaw: 'changed', why: 'it is not' }
    const head = last ? `${last.seq}:${last.mac}` : null
    return { value: { ...verdict, ok: bad === -1, entries: good.length, head, firstBad } }
  })
  return shown
}

function file(user: Desk, lines: readonly unknown[]): string {
  const path = join(user.home, 'chain.ndjson')
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return path
}

test('audit verify --file shows the platform a long file in parts that overlap', async () => {
  await using user = await desk()
  const shown = judging(user)
  const { code, stdout, stderr } = await user.type(`audit verify --file ${file(user, links(1200))}`)
  assert.equal(code, 0, stderr)
  assert.deepEqual(shown, [
    [1, 500],
    [500, 500],
    [999, 202],
  ])
  assert.match(stdout, /Good entries +1200\n/)
})

test('audit verify --file names the first bad entry and ends with 1', async () => {
  await using user = await desk()
  const shown = judging(user, 700)
  const { code, stderr } = await user.type(`audit verify --file ${file(user, links(1200))}`)
  assert.equal(code, 1)
  assert.match(stderr, /broken at entry 700 \(changed\)/)
  assert.equal(shown.length, 2)
})

test('audit verify --file --head tells whether the file has the head that the log had', async () => {
  await using user = await desk()
  judging(user)
  const path = file(user, links(600))
  const withHead = (seq: number, mac: string) =>
    user.type(`audit verify --file ${path} --head ${seq}:${mac}`)
  assert.equal((await withHead(510, macOf(510))).code, 0)
  assert.equal((await withHead(600, macOf(600))).code, 0)
  assert.match((await withHead(510, macOf(511))).stderr, /broken at entry 510 \(changed\)/)
  assert.match((await withHead(700, macOf(700))).stderr, /broken at entry 601 \(truncated\)/)
  const later = file(user, links(600).slice(20))
  const before = await user.type(`audit verify --file ${later} --head 5:${macOf(5)}`)
  assert.equal(before.code, 2)
  assert.match(before.stderr, /begins after entry 5/)
})

test('audit verify --file says what it cannot read', async () => {
  await using user = await desk()
  const odd = await user.type(`audit verify --file ${file(user, [link, entry])}`)
  assert.deepEqual([odd.code, /line 2: it is no entry/.test(odd.stderr)], [2, true])
  const none = await user.type(`audit verify --file ${join(user.home, 'none')}`)
  assert.deepEqual([none.code, /Cannot read the file/.test(none.stderr)], [2, true])
  const empty = await user.type(`audit verify --file ${file(user, [])}`)
  assert.deepEqual([empty.code, /has no entries/.test(empty.stderr)], [2, true])
})

test('audit verify of a broken chain shows what is good, and ends with 1', async () => {
  await using user = await desk()
  const firstBad = { seq: 2, flaw: 'missing', why: 'it is not there, though later ones are' }
  user.platform.on('platform-audit.verify', () => ({ value: { ...verdict, ok: false, firstBad } }))
  const { code, stdout, stderr } = await user.type('audit verify --admin --head 1:x')
  assert.deepEqual([code, user.platform.asked.at(-1)?.query], [1, { head: '1:x' }])
  assert.match(stdout, /Verdict +broken\n/)
  assert.match(stderr, /broken at entry 2 \(missing\)/)
})

test('audit list goes on through pages that are short, up to the limit', async () => {
  await using user = await desk()
  user.platform.on('tenant-audit.list', ({ query }) => {
    const page = Number(query['cursor'] ?? 9)
    return { value: { items: page % 2 ? [] : [entry], nextCursor: String(page - 1) } }
  })
  const { stdout } = await user.type('audit list --limit 2 --actor nobody')
  assert.equal(stdout.trim().split('\n').length, 3)
  assert.deepEqual(
    user.platform.asked.map(({ query }) => [query['limit'], query['actor']]),
    [2, 2, 1, 1].map((limit) => [limit, 'nobody']),
  )
})
