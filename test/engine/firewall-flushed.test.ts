import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { withinCommand } from '../../scripts/bootstrap/current-engine.js'
import { engineFiles, startDaemon } from '../../scripts/bootstrap/engine.js'
import { run, SYSTEM_PATH } from '../../scripts/bootstrap/run.js'
import { program } from '../../scripts/bootstrap/system.js'
import { platformHealth } from '../../src/contract/platform.ts'
import { INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { realDocker } from '../support/engine.ts'
import { outerEnvironment } from '../support/platform-house.ts'
import { probedHouse, type ProbedHouse } from '../support/probed-house.ts'
import { until } from '../support/wait.ts'
import { killed } from '../support/platform-processes.ts'

/**
 * Somebody flushes the host's rules, the engine's chains, and starts the engine anew. That is not done to the machine
 * that the tests run on: this file runs itself once more, on a machine within, with an engine of its own.
 */

const WITHIN = 'CLOUDLET_TEST_WITHIN'
const WITHIN_MS = 280_000
const SOCKET = '/var/run/docker.sock'
const PORTS = [1, 4096] as const
const iptables = (...words: string[]): string =>
  execFileSync('iptables', words, { encoding: 'utf8' })

if (process.env[WITHIN] === undefined) {
  test('what is flushed around them does not open the walls', { timeout: WITHIN_MS }, within)
} else {
  let house: ProbedHouse
  before(async () => {
    house = await probedHouse()
  })
  after(async () => {
    await house?.remove()
  })

  test('at first nothing answers but the resolver and who is in the own network', async () => {
    assert.deepEqual(await house.reached('first', PORTS), house.allowed())
  })

  test('so it is after `iptables -F`', async () => {
    iptables('-F')
    // Else the engine's own policy, without its rules, would let nobody through at all.
    iptables('-P', 'FORWARD', 'ACCEPT')
    assert.deepEqual(await house.reached('flushed', PORTS), house.allowed())
  })

  test('so it is where the engine’s chains are gone', async () => {
    for (const table of ['filter', 'nat', 'raw', 'mangle']) {
      iptables('-t', table, '-F')
      iptables('-t', table, '-X')
    }
    assert.deepEqual(await house.reached('cleared', PORTS), house.allowed())
  })

  test('so it is after the engine was started anew', async () => {
    const files = engineFiles(SOCKET)
    const [daemon = '', ...args] = readFileSync(`/proc/${pidIn(files.pidFile)}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '')
    await killed(pidIn(files.pidFile), 'SIGTERM')
    await startDaemon(
      { ...files, log: join(tmpdir(), 'again.log') },
      { program: daemon, args, env: process.env },
    )
    const filters = { label: [`${INSTANCE_LABEL}=${house.platform.instance}`], status: ['running'] }
    const runs = async () => (await realDocker().listContainers({ filters })).length === 2
    await until('both run', () => runs().catch(() => false), 60_000)
    const isUp = async () => (await house.platform.api.call(platformHealth, {})).engine === 'up'
    await until('the platform has seen it', isUp)
    assert.deepEqual(await house.reached('again', PORTS), house.allowed())
  })
}

const pidIn = (file: string): number => Number(readFileSync(file, 'utf8'))

/** Runs this file where nobody is disturbed. */
async function within(): Promise<void> {
  const programs = mkdtempSync(join(tmpdir(), 'cloudlet-engine-programs-'))
  const data = mkdtempSync(join(tmpdir(), 'cloudlet-engine-within-'))
  try {
    const dockerd = program('dockerd', SYSTEM_PATH)
    assert.ok(dockerd)
    symlinkSync(realpathSync(dockerd), join(programs, 'dockerd'))
    const command = withinCommand(join(import.meta.dirname, '../..'), { programs, data })
    const only = ['--only', 'test/engine/firewall-flushed.test.ts']
    const env = { ...outerEnvironment(), [WITHIN]: '1' }
    const { status, output } = await run(['unshare', ...command, ...only], { env, quiet: true })
    assert.equal(status, 0, output)
    assert.match(output, /^4 passed, 0 failed$/m)
  } finally {
    for (const folder of [programs, data]) rmSync(folder, { recursive: true, force: true })
  }
}
