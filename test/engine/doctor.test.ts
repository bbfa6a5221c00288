import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Diagnosis, platformDoctor } from '../../src/contract/doctor.ts'
import { getNode } from '../../src/contract/nodes.ts'
import { realDocker } from '../support/engine.ts'
import { startPlatform, type Platform } from '../support/platform.ts'

/** What the platform says of the machine on which the tests run. */

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
  for (const check of ['engine.clock', 'port.api', 'port.ingress', 'port.dns']) {
    assert.equal(of(check)?.result, 'ok', JSON.stringify(of(check)))
  }
  assert.match(of('port.api')?.meaning ?? '', /is held by the platform itself$/)
  assert.doesNotMatch(of('engine.userland-proxy')?.meaning ?? '', /cannot be told/)
  assert.notEqual(of('runc.holes')?.meaning, 'The version of runc cannot be told')
})

test('the node of this machine shows its engine, kernel and disks', async () => {
  const node = await platform.api.call(getNode, { params: { node: 'local' } })
  const { KernelVersion, ApiVersion } = await realDocker().version()
  const { state, kernel, engine, running } = node
  assert.deepEqual(
    { state, kernel, running },
    { state: 'ready', kernel: KernelVersion, running: 0 },
  )
  assert.equal(engine?.apiVersion, ApiVersion)
  assert.match(engine.runcVersion, /^\d+\.\d+/)
  assert.equal(node.cpus, cpus().length)
  assert.ok((node.disks ?? []).every(({ sizeBytes, freeBytes }) => sizeBytes >= freeBytes))
  assert.deepEqual(node.used, { containers: 0, cpuMilli: 0, memoryBytes: 0, pids: 0 })
})

test('without a platform the machine is looked at all the same', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cloudlet-doctor-'))
  const script = fileURLToPath(new URL('../../src/doctor.ts', import.meta.url))
  const env = { PATH: process.env['PATH'], HOME: dataDir, CLOUDLET_DATA_DIR: dataDir }
  const ended = await new Promise<{ readonly code: unknown; readonly text: string }>((resolve) => {
    execFile(process.execPath, [script, '--json'], { env }, (error, text) =>
      resolve({ code: error?.code, text }),
    )
  })
  rmSync(dataDir, { recursive: true })
  assert.equal(ended.code, 1)
  const { items } = Diagnosis.parse(JSON.parse(ended.text))
  const of = (check: string) => items.find((one) => one.check === check)?.result
  assert.deepEqual(['api', 'engine', 'keys'].map(of), ['problem', 'ok', 'problem'])
})
