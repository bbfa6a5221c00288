import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { spentTickets } from '../../src/edge/spent-tickets.ts'

function world() {
  const place = mkdtempSync(join(tmpdir(), 'cloudlet-tickets-'))
  const folder = join(place, 'tickets')
  const time = { now: Date.now() }
  const said: string[] = []
  const worker = () =>
    spentTickets({ folder, now: () => time.now, log: (_level, text) => said.push(text) })
  return {
    worker,
    folder,
    time,
    said,
    [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }),
  }
}

test('a ticket is spent once, whichever worker is shown it', () => {
  using here = world()
  const [one, other] = [here.worker(), here.worker()]
  assert.equal(one.spend('a'), true)
  assert.equal(other.spend('a'), false)
  assert.equal(other.spend('b'), true)
  assert.equal(one.spend('b'), false)
  assert.deepEqual(here.said, [])
})

test('an id that is no name of a file is not spent', () => {
  using here = world()
  for (const id of ['', '.', '../a', 'a/b', 'x'.repeat(65)]) {
    assert.equal(here.worker().spend(id), false)
  }
})

test('files of tickets that are long over go', () => {
  using here = world()
  const worker = here.worker()
  worker.spend('old')
  here.time.now += 119_000
  worker.spend('b')
  assert.equal(readdirSync(here.folder).length, 2)
  here.time.now += 61_000
  worker.spend('c')
  assert.deepEqual(readdirSync(here.folder), ['c'])
})

test('where nothing can be kept, nothing is spent, and the log says so', () => {
  using here = world()
  writeFileSync(here.folder, '')
  assert.equal(here.worker().spend('a'), false)
  assert.deepEqual(here.said, ['Cannot keep that a ticket has been used'])
})
