import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desk } from './command-line.ts'
import { problem } from './fake-platform.ts'
import { container, operation, pending } from './samples.ts'

const accepted = () => ({ value: { resource: container, operation: pending } })

test('run asks again and again until the operation has ended, then shows what came of it', async () => {
  let waits = 0
  await using user = await desk({
    'containers.create': accepted,
    'operations.get': () => ({ value: ++waits < 4 ? pending : operation }),
  })
  const { code, stdout } = await user.type('run cloudlet/demo')
  assert.equal(code, 0)
  assert.match(stdout, /is running\nhttp:/)
  const ids = ['containers.create', ...Array<string>(4).fill('operations.get'), 'containers.get']
  assert.deepEqual(user.platform.ids, ids)
  assert.ok(user.platform.asked.slice(1, 5).every(({ query }) => Number(query['wait']) >= 1))
})

test('on a terminal the progress is written over on stderr, else there is none', async () => {
  for (const isTty of [true, false]) {
    let waits = 0
    // oxlint-disable-next-line no-await-in-loop -- two users, one after the other
    await using user = await desk({
      'containers.create': accepted,
      'operations.get': () => ({ value: ++waits < 2 ? pending : operation }),
    })
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { stderr } = await user.type('run cloudlet/demo', { isTty })
    assert.equal(stderr, isTty ? '\r\u001b[2Khello: pull 40 %\r\u001b[2K' : '')
  }
})

test('with --detach nothing is waited for, and the operation is named', async () => {
  await using user = await desk({ 'containers.create': accepted })
  const { code, stdout, stderr } = await user.type('run -d cloudlet/demo')
  assert.deepEqual([code, stdout], [0, `${container.id}\n`])
  assert.equal(stderr, `Follow it: cloudlet ops wait ${pending.id}\n`)
  assert.deepEqual(user.platform.ids, ['containers.create'])
})

test('a platform that is away for a moment does not end the wait', async () => {
  let waits = 0
  await using user = await desk({
    'containers.create': accepted,
    'operations.get': () =>
      ++waits === 1 ? problem(503, 'engine-unavailable') : { value: operation },
  })
  assert.equal((await user.type('run cloudlet/demo')).code, 0)
})

test('when time is up it ends with 7 and says that the operation goes on', async () => {
  await using user = await desk({
    'containers.stop': accepted,
    'operations.get': () => ({ value: pending }),
  })
  const { code, stderr } = await user.type('stop hello --timeout 50ms')
  assert.equal(code, 7)
  assert.match(stderr, /operation o0000000000000aa goes on\nFollow it: cloudlet ops wait o0000/)
})

test('Ctrl-C ends the wait with 130, not the operation, and says how to follow it', async () => {
  const interrupt = new AbortController()
  await using user = await desk({
    'containers.create': accepted,
    'operations.get': () => {
      interrupt.abort(new Error('Stopped by SIGINT'))
      return { value: pending }
    },
  })
  const { code, stderr } = await user.type('run cloudlet/demo', { signal: interrupt.signal })
  assert.equal(code, 130)
  assert.equal(
    stderr,
    'cloudlet: Stopped waiting; operation o0000000000000aa goes on\n' +
      'Follow it: cloudlet ops wait o0000000000000aa --tenant demo\n',
  )
  assert.ok(!user.platform.ids.includes('operations.cancel'))
})
