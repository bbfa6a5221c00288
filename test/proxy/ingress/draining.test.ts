import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { world } from './kit.ts'

const CONNECTIONS = 50

test('connections that the kernel has taken in before a drain are accepted, not reset', async (t) => {
  const { edge, port } = await world(t)
  // While this process waits for the other one, it accepts nothing.
  const connect = `exec {one}<>/dev/tcp/127.0.0.1/${port}`
  const script = `for i in $(seq ${CONNECTIONS}); do ${connect}; done`
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(edge.counters()['connections'], 0)
  await edge.drain(1000)
  assert.equal(edge.counters()['connections'], CONNECTIONS)
})
