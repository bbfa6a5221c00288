import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { platformDoctor } from '../../src/contract/doctor.ts'
import { realDocker } from '../support/engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'

/** What the doctor says of the machine on which the tests run. */

let platform: Platform

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
})
after(() => platform?.remove())

test('the doctor names the engine of this machine, and hears the DNS responder', async () => {
  const { items } = await platform.api.call(platformDoctor, {})
  const of = (check: string) => items.find((one) => one.check === check)
  const { Version } = await realDocker().version()
  assert.ok(of('engine')?.meaning.includes(Version), of('engine')?.meaning)
  for (const check of ['engine', 'engine.seccomp', 'kernel.overlay', 'dns.responder', 'keys']) {
    assert.equal(of(check)?.result, 'ok', JSON.stringify(of(check)))
  }
  for (const check of ['isolation', 'edge', 'edge.confinement', 'database']) {
    assert.equal(of(check)?.result, 'ok', JSON.stringify(of(check)))
  }
  assert.notEqual(of('runc.holes')?.meaning, 'The version of runc cannot be told')
})
