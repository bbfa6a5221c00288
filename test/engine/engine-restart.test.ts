import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import Docker from 'dockerode'
import { startDaemon } from '../../scripts/bootstrap/engine.js'
import { run } from '../../scripts/bootstrap/run.js'
import { INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { killed } from '../support/platform-processes.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/**
 * A second engine, without live-restore, in a network namespace of its own, so that the machine's own
 * engine is left alone: what does it start by itself, when it comes back and the platform is down?
 */

const root = mkdtempSync(join(tmpdir(), 'cloudlet-second-engine-'))
const files = {
  socket: join(root, 'd.sock'),
  pidFile: join(root, 'd.pid'),
  containerdPidFile: join(root, 'exec/containerd/containerd.pid'),
  log: join(root, 'log'),
}
const daemon = {
  program: '/usr/bin/unshare',
  args: [
    '--net',
    'dockerd',
    `--config-file=${join(root, 'daemon.json')}`,
    `--data-root=${join(root, 'data')}`,
    `--exec-root=${join(root, 'exec')}`,
    `--pidfile=${files.pidFile}`,
    `--host=unix://${files.socket}`,
  ],
  env: { ...process.env },
  deadlineMs: 30_000,
}
const docker = new Docker({ socketPath: files.socket })
const RUNS_AGAIN_MS = 60_000
let platform: Platform | undefined
let acme: Tenant

before(async () => {
  writeFileSync(join(root, 'daemon.json'), '{"live-restore": false}')
  await startDaemon(files, daemon)
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_ENGINE: files.socket })
  acme = await newTenant(platform, 'acme')
})

after(async () => {
  await platform?.remove()
  await killed(daemonPid(), 'SIGTERM')
  // The daemon's root is a mount on itself.
  await run(['umount', join(root, 'data')], { quiet: true })
  rmSync(root, { recursive: true, force: true })
})

const daemonPid = (): number => Number(readFileSync(files.pidFile, 'utf8'))

async function running(): Promise<number> {
  const filters = { label: [`${INSTANCE_LABEL}=${platform?.instance}`], status: ['running'] }
  return (await docker.listContainers({ filters })).length
}

test('an engine that restarts while the platform is down starts nothing; the platform does', async () => {
  const spec = { image: BASE, command: ['sleep', '600'], restart: 'always' } as const
  for (const name of ['one', 'two']) await acme.run({ name, ...spec, command: [...spec.command] })
  assert.equal(await running(), 2)

  await platform?.stop()
  assert.equal(await running(), 2, 'containers stay when the platform stops')
  await killed(daemonPid(), 'SIGTERM')
  await startDaemon(files, daemon)
  assert.equal(await running(), 0)
  assert.equal((await docker.listContainers({ all: true })).length, 2)

  await platform?.start()
  await until('both run again', async () => (await running()) === 2, RUNS_AGAIN_MS)
})
