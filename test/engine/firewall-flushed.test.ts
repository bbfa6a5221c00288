import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { engineFiles, startDaemon } from '../../scripts/bootstrap/engine.js'
import { platformHealth } from '../../src/contract/platform.ts'
import { INSTANCE_LABEL } from '../../src/core/docker-names.ts'
import { realDocker } from '../support/engine.ts'
import { isWithin, passesWithin } from '../support/machine-within.ts'
import { probedHouse, type ProbedHouse } from '../support/probed-house.ts'
import { until } from '../support/wait.ts'
import { killed } from '../support/platform-processes.ts'

/**
 * Somebody flushes the host's rules, the engine's chains, and starts the engine anew. That is not done to the machine
 * that the tests run on: this file runs itself once more, on a machine within, with an engine of its own.
 */

const WITHIN_MS = 280_000
const SOCKET = '/var/run/docker.sock'
const PORTS = [1, 4096] as const
const iptables = (...words: string[]): string =>
  execFileSync('iptables', words, { encoding: 'utf8' })

if (!isWithin()) {
  test('what is flushed around them does not open the walls', { timeout: WITHIN_MS }, () =>
    passesWithin('test/engine/firewall-flushed.test.ts', 4),
  )
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
