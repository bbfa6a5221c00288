import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { withinCommand } from '../../scripts/bootstrap/current-engine.js'
import { run, SYSTEM_PATH } from '../../scripts/bootstrap/run.js'
import { program } from '../../scripts/bootstrap/system.js'
import { outerEnvironment } from './platform-house.ts'

const WITHIN = 'CLOUDLET_TEST_WITHIN'
const ROOT = join(import.meta.dirname, '../..')

/** Whether this process is on the machine within. */
export const isWithin = (): boolean => process.env[WITHIN] !== undefined

/**
 * Runs a test file once more, on a machine within this one: with an engine, a network and processes of its own, where
 * anything can be done to the host. All of its tests have to pass there.
 *
 * @param file from the project's root
 */
export async function passesWithin(file: string, tests: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'cloudlet-engine-within-'))
  try {
    const dockerd = program('dockerd', SYSTEM_PATH)
    assert.ok(dockerd)
    const programs = dirname(realpathSync(dockerd))
    const command = withinCommand(ROOT, { programs, data })
    const env = { ...outerEnvironment(), [WITHIN]: '1' }
    const words = ['unshare', ...command, '--only', file]
    const { status, output } = await run(words, { env, quiet: true })
    assert.equal(status, 0, output)
    assert.match(output, new RegExp(`^${tests} passed, 0 failed$`, 'm'))
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}
