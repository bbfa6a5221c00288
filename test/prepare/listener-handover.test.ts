import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  keepWaitingConnections,
  leaveWaitingConnections,
} from '../../src/prepare/listener-handover.ts'

/** A host whose setting is as given, and whose instances a test counts by hand. */
function host(t: TestContext, value: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-handover-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const sysctl = join(folder, 'tcp_migrate_req')
  writeFileSync(sysctl, `${value}\n`)
  const counts = [0]
  return {
    sysctl,
    mark: join(folder, 'mark'),
    /** How many instances are seen at each look; the last number stays. */
    counts,
    hasInstance: () => (counts.length > 1 ? (counts.shift() ?? 0) : (counts[0] ?? 0)) > 0,
    value: () => readFileSync(sysctl, 'utf8').trim(),
  }
}

test('the last instance to go leaves the host as it was', (t) => {
  const here = host(t, '0')
  keepWaitingConnections(here)
  assert.equal(here.value(), '1')
  here.counts[0] = 1
  leaveWaitingConnections(here)
  assert.equal(here.value(), '1')
  here.counts[0] = 0
  leaveWaitingConnections(here)
  assert.equal(here.value(), '0')
  assert.equal(existsSync(here.mark), false)
})

test("what the host's operator has set stays", (t) => {
  const here = host(t, '1')
  keepWaitingConnections(here)
  leaveWaitingConnections(here)
  assert.equal(here.value(), '1')
})

test('an instance that comes while the last one goes keeps the setting', (t) => {
  const here = host(t, '0')
  keepWaitingConnections(here)
  here.counts.splice(0, 1, 0, 1)
  leaveWaitingConnections(here)
  assert.equal(here.value(), '1')
  assert.equal(existsSync(here.mark), true)
})

test('a kernel that does not know the setting is left alone', (t) => {
  const here = host(t, '0')
  rmSync(here.sysctl)
  keepWaitingConnections(here)
  assert.equal(existsSync(here.sysctl), false)
  assert.equal(existsSync(here.mark), false)
})
