import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepRunning, type Child, type ChildWanted } from '../../src/supervisor/child.ts'
import { until } from '../support/wait.ts'

interface Entry {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function kept(script: string, more: Partial<ChildWanted> = {}) {
  const entries: Entry[] = []
  const wanted: ChildWanted = {
    name: 'test',
    command: ['sh', '-c', script],
    detached: false,
    stdio: ['ignore', 'ignore', 'ignore'],
    ...more,
  }
  const child = keepRunning(wanted, (_level, message, fields = {}) =>
    entries.push({ message, fields }),
  )
  return { child, entries }
}

const said = (entries: readonly Entry[], message: string): Entry[] =>
  entries.filter((entry) => entry.message === message)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function pidOf(child: Child): Promise<number> {
  return until('it has a process', () => child.pid())
}

test('what ends is started again, at once the first time and later each next', async () => {
  const { child, entries } = kept('exit 3')
  await until(
    'it has ended four times',
    () => said(entries, 'Process ended, starting it again').length >= 4,
  )
  await child.stop(1000)
  const waits = said(entries, 'Process ended, starting it again').map(
    ({ fields }) => fields['waitMs'],
  )
  assert.deepEqual(waits.slice(0, 4), [0, 100, 200, 400])
  assert.equal(entries[1]?.fields['code'], 3)
})

test('a killed process comes back as another one', async () => {
  const { child } = kept('sleep 60')
  const first = await pidOf(child)
  process.kill(first, 'SIGKILL')
  const second = await until('it is back', () => child.pid() !== first && child.pid())
  assert.ok(isAlive(second))
  await child.stop(1000)
  assert.equal(isAlive(second), false)
})

test('stop() kills what does not listen, and nothing comes back', async () => {
  let isDeaf = false
  const { child, entries } = kept('trap "" TERM; echo deaf; while :; do sleep 0.05; done', {
    stdio: ['ignore', 'pipe', 'ignore'],
    started: ({ stdout }) => stdout?.once('data', () => (isDeaf = true)),
  })
  const pid = await pidOf(child)
  await until('it does not listen', () => isDeaf)
  await child.stop(100)
  assert.equal(isAlive(pid), false)
  assert.equal(child.pid(), undefined)
  assert.deepEqual(said(entries, 'Process ended, starting it again'), [])
  await child.stop(100)
})

test('stop() between two lives begins no third', async () => {
  const { child, entries } = kept('exit 0')
  await until('it waits', () => said(entries, 'Process ended, starting it again').length >= 3)
  await child.stop(1000)
  const lives = said(entries, 'Process started').length
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(said(entries, 'Process started').length, lives)
})

test('an end that may not be repeated is left so', async () => {
  let asked: number | null | undefined
  const { child, entries } = kept('exit 75', {
    mayRestart(code) {
      asked = code
      return false
    },
  })
  await until('it was asked', () => asked !== undefined)
  assert.equal(asked, 75)
  assert.equal(child.pid(), undefined)
  assert.equal(said(entries, 'Process started').length, 1)
})

test('a program that is not there is said, and tried again without end or crash', async () => {
  const { child, entries } = kept('', { command: ['/nowhere/program'] })
  await until('it is tried again', () => said(entries, 'Process started').length >= 2)
  assert.ok(said(entries, 'Cannot start a process').length >= 1)
  await child.stop(1000)
})

test('release() leaves the process alone, and does not bring it back', async () => {
  const { child, entries } = kept('sleep 60')
  const pid = await pidOf(child)
  child.release()
  assert.ok(isAlive(pid))
  process.kill(pid, 'SIGKILL')
  await until('it is gone', () => child.pid() === undefined)
  assert.equal(said(entries, 'Process started').length, 1)
})
