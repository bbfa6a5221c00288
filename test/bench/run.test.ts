import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pinnedRuntime } from '../../scripts/bootstrap/packages.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function bench(...args: readonly string[]) {
  const command = [join(ROOT, 'bench/run.ts'), ...args]
  return spawnSync(pinnedRuntime(ROOT, 'node'), command, { encoding: 'utf8', timeout: 60_000 })
}

test('the bench without a name lists the names', () => {
  const { status, stderr } = bench()
  assert.equal(status, 0)
  assert.match(stderr, /^Benches: api, create, dns, ingress, tunnel\./)
})

test('the bench refuses a name that it does not know, and says which it knows', () => {
  const { status, stderr, stdout } = bench('constructor')
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^There is no bench "constructor"\. Benches: api, create, dns, ingress, tunnel\./,
  )
})
