import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { containers } from '../../db/schema.ts'
import {
  afterExit,
  backoffMs,
  nextStep,
  type ContainerIntent,
  type Observed,
  type Step,
} from '../../src/core/container-plan.ts'

interface World {
  row: ContainerIntent
  seen: Observed | undefined
  now: number
}

/** What each step does when nothing goes wrong, to a process that stays up. */
const EFFECT: Record<Step['do'], (world: World) => void> = {
  nothing: () => undefined,
  wait: (world) => {
    world.now += 1000
    // What was on its way out is out by then.
    if (world.seen?.status === 'other') world.seen = undefined
  },
  'resolve-image': (world) => {
    world.row = { ...world.row, hasImage: true, state: 'creating' }
  },
  create: (world) => {
    world.seen = { status: 'created', startedAt: null, wrong: null }
  },
  'begin-run': (world) => {
    const { row, now } = world
    world.row = { ...row, startedRun: row.run, startingAt: now, state: 'starting' }
    world.seen = { status: 'running', startedAt: now, wrong: null }
  },
  start: (world) => {
    world.seen = { status: 'running', startedAt: world.now, wrong: null }
  },
  rename: (world) => {
    if (world.seen) world.seen = { ...world.seen, wrong: null }
  },
  unpause: (world) => {
    if (world.seen) world.seen = { ...world.seen, status: 'running' }
  },
  replace: (world) => {
    world.seen = undefined
  },
  resize: (world) => {
    world.row = { ...world.row, isResizing: false }
  },
  join: (world) => {
    world.row = { ...world.row, isJoining: false }
  },
  'note-running': (world) => {
    world.row = { ...world.row, state: 'running' }
  },
  'note-exit': (world) => {
    world.row = { ...world.row, state: 'restarting', retryAt: world.now + 1000 }
  },
  'next-run': (world) => {
    const { row } = world
    world.row = { ...row, run: row.run + 1, state: 'starting', retryAt: null }
  },
  stop: (world) => {
    world.seen = { status: 'exited', startedAt: world.seen?.startedAt ?? null, wrong: null }
  },
  'note-stopped': (world) => {
    world.row = { ...world.row, state: 'stopped' }
  },
  hold: (world) => {
    world.row = { ...world.row, state: 'stopping' }
    world.seen = { status: 'exited', startedAt: world.seen?.startedAt ?? null, wrong: null }
  },
  'note-held': (world) => {
    world.row = { ...world.row, state: 'stopped', saysHold: true }
  },
  resume: (world) => {
    const { row } = world
    world.row = { ...row, run: row.run + 1, state: 'starting', retryAt: null }
  },
  remove: (world) => {
    world.seen = undefined
  },
  release: (world) => {
    world.row = { ...world.row, state: 'deleting' }
  },
}

const NOW = 1_000_000
const time = fc.option(fc.integer({ min: NOW - 5000, max: NOW + 5000 }))
const anyRow = fc
  .record({
    desired: fc.constantFrom('running', 'held', 'stopped', 'absent'),
    state: fc.constantFrom(...containers.state.enumValues),
    run: fc.nat(3),
    startedRun: fc.nat(3),
    startingAt: time,
    retryAt: time,
    hasImage: fc.boolean(),
    isResizing: fc.boolean(),
    isJoining: fc.boolean(),
    saysHold: fc.boolean(),
  })
  .map((row): ContainerIntent => ({ ...row, startedRun: Math.min(row.run, row.startedRun) }))
const anySeen: fc.Arbitrary<Observed | undefined> = fc.option(
  fc.record({
    status: fc.constantFrom('created', 'running', 'paused', 'exited', 'other'),
    startedAt: time,
    wrong: fc.constantFrom(null, 'name', 'spec'),
  }),
  { nil: undefined },
)

/** The steps from a world until there is nothing left to do. */
function walk(world: World): Step['do'][] {
  const steps: Step['do'][] = []
  for (let i = 0; i < 20; i++) {
    const step = nextStep(world.row, world.seen, world.now)
    if (step.do === 'nothing') return steps
    steps.push(step.do)
    EFFECT[step.do](world)
    if (step.do === 'release') return steps
  }
  throw new Error(`It goes round in circles: ${steps.join(' ')}`)
}

test('nextStep() leads from every state to what is desired, in few steps', () => {
  fc.assert(
    fc.property(anyRow, anySeen, (row, seen) => {
      const world: World = { row, seen, now: NOW }
      walk(world)
      const { desired, state } = world.row
      if (desired === 'absent') assert.equal(world.seen, undefined)
      else assert.deepEqual([world.row.isResizing, world.row.isJoining], [false, false])
      if (desired === 'stopped') {
        assert.notEqual(world.seen?.status, 'running')
        assert.ok(state === 'stopped' || state === 'failed')
      }
      if (desired === 'held') {
        assert.notEqual(world.seen?.status, 'running')
        assert.ok(state === 'stopped' || state === 'exited' || state === 'failed')
      }
      if (desired === 'running' && state !== 'exited' && state !== 'failed') {
        assert.deepEqual([state, world.seen?.status], ['running', 'running'])
      }
    }),
    { numRuns: 5000 },
  )
})

test('nextStep() never starts what is not to run, nor gives away what the engine still has', () => {
  fc.assert(
    fc.property(anyRow, anySeen, (row, seen) => {
      const { do: step } = nextStep(row, seen, NOW)
      const starts = ['start', 'begin-run', 'next-run', 'resume'].includes(step)
      assert.ok(!starts || row.desired === 'running')
      assert.ok(step !== 'release' || (row.desired === 'absent' && !seen))
      assert.ok(step !== 'remove' || row.desired === 'absent')
      // A process that runs is never started a second time beside it.
      assert.ok(!starts || step === 'next-run' || seen?.status !== 'running')
    }),
    { numRuns: 5000 },
  )
})

const row: ContainerIntent = {
  desired: 'running',
  state: 'starting',
  run: 1,
  startedRun: 1,
  startingAt: NOW,
  retryAt: null,
  hasImage: true,
  isResizing: false,
  isJoining: false,
  saysHold: false,
}

const exited = (startedAt: number): Observed => ({ status: 'exited', startedAt, wrong: null })

test('nextStep() tells a run that never began from one that has ended', () => {
  assert.equal(nextStep(row, { status: 'created', startedAt: null, wrong: null }, NOW).do, 'start')
  assert.equal(nextStep(row, exited(NOW - 1), NOW).do, 'start')
  assert.equal(nextStep(row, exited(NOW), NOW).do, 'note-exit')
  assert.equal(nextStep({ ...row, state: 'running' }, exited(NOW - 1), NOW).do, 'note-exit')
})

const RUNS: Observed = { status: 'running', startedAt: NOW, wrong: null }

test('nextStep() gives other limits to what is there, and to nothing that is going', () => {
  const resizing = { ...row, state: 'running' as const, isResizing: true }
  assert.equal(nextStep(resizing, RUNS, NOW).do, 'resize')
  assert.equal(nextStep(resizing, undefined, NOW).do, 'create')
  assert.equal(nextStep({ ...resizing, state: 'exited' }, undefined, NOW).do, 'resize')
  assert.equal(nextStep(resizing, { ...RUNS, status: 'other' }, NOW).do, 'wait')
  const gone = { ...resizing, desired: 'absent' as const }
  assert.equal(nextStep(gone, RUNS, NOW).do, 'remove')
})

test('nextStep() runs again what it was kept from running, and no job that had ended', () => {
  const held = (state: ContainerIntent['state'], seen: Observed): World => {
    const world: World = { row: { ...row, desired: 'held', state }, seen, now: NOW }
    walk(world)
    world.row = { ...world.row, desired: 'running' }
    return world
  }
  const ran = held('running', RUNS)
  assert.equal(ran.row.state, 'stopped')
  assert.deepEqual(walk(ran), ['resume', 'begin-run', 'note-running'])
  assert.deepEqual(walk(held('exited', exited(NOW))), [])
  assert.deepEqual(walk(held('failed', exited(NOW))), [])
  // It ended by itself before the hold could stop it: its policy decides, and this one says again.
  assert.equal(
    nextStep({ ...row, desired: 'held', state: 'running' }, exited(NOW), 0).do,
    'note-exit',
  )
})

test('nextStep() brings a stop that was begun to its end, though it is to run again', () => {
  assert.equal(nextStep({ ...row, state: 'stopping' }, RUNS, NOW).do, 'stop')
  assert.equal(nextStep({ ...row, state: 'stopping' }, exited(NOW), NOW).do, 'resume')
})

test('nextStep() leaves what has ended for good, until a new run is asked for', () => {
  for (const state of ['exited', 'failed'] as const) {
    const over = { ...row, state }
    assert.equal(nextStep(over, undefined, NOW).do, 'nothing')
    assert.equal(nextStep({ ...over, run: 2 }, undefined, NOW).do, 'create')
  }
})

test('nextStep() waits for what is being removed by another hand', () => {
  const step = nextStep(row, { status: 'other', startedAt: null, wrong: null }, NOW)
  assert.deepEqual(step, { do: 'wait', untilMs: NOW + 1000 })
})

test('backoffMs() grows to five minutes and no further', () => {
  assert.deepEqual(
    [0, 1, 5, 8, 9, 1e9].map(backoffMs),
    [1000, 2000, 32_000, 256_000, 300_000, 300_000],
  )
})

test('afterExit() restarts by the policy, calls a loop a loop, and gives up where it is told to', () => {
  const failed = { exitCode: 1, ranMs: 10, restarts: 0 }
  assert.equal(afterExit({ restart: 'no' }, failed).next, 'rest')
  assert.equal(afterExit({ restart: 'on-failure' }, { ...failed, exitCode: 0 }).next, 'rest')
  const first = afterExit({ restart: 'on-failure' }, failed)
  assert.deepEqual(first, { next: 'again', restarts: 0, isLooping: false, waitMs: 1000 })
  const fourth = afterExit({ restart: 'always' }, { ...failed, restarts: 3 })
  assert.deepEqual(fourth, { next: 'again', restarts: 3, isLooping: true, waitMs: 8000 })
  const steady = afterExit({ restart: 'always' }, { ...failed, restarts: 3, ranMs: 60_000 })
  assert.deepEqual(steady, { next: 'again', restarts: 0, isLooping: false, waitMs: 1000 })
  const enough = { restart: 'always', maxRestarts: 3 } as const
  assert.equal(afterExit(enough, { ...failed, restarts: 2 }).next, 'again')
  assert.equal(afterExit(enough, { ...failed, restarts: 3 }).next, 'give-up')
})
