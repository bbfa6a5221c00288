import { join } from 'node:path'
import { pinnedRuntime } from './packages.js'
import { run } from './run.js'

/** Two of the tools use several threads by themselves, so more at once only slows each down. */
const LANES = 2

/**
 * @typedef {{ name: string, command: string[] }} CheckStep
 * @typedef {{ name: string, status: number, output: string, seconds: number }} CheckResult
 */

/** The longest first, so that the short ones fill the second lane. */
export function checkSteps(/** @type {string} */ root, /** @type {string} */ node) {
  const tool = (/** @type {string} */ name) => [node, join(root, 'node_modules/.bin', name)]
  return [
    { name: 'unit tests', command: [node, join(root, 'test/run.ts'), '--unit'] },
    { name: 'types', command: [...tool('tsc'), '--noEmit'] },
    { name: 'lint', command: tool('oxlint') },
    { name: 'dead code', command: tool('knip') },
    { name: 'format', command: [...tool('oxfmt'), '--check'] },
  ]
}

/**
 * Types, lint, format, dead code and unit tests. All run, and each says how long it took; the
 * output of the first that failed is shown.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export async function check(root, env) {
  const left = checkSteps(root, pinnedRuntime(root, 'node'))
  /** @type {CheckResult[]} */
  const failed = []
  const lane = async () => {
    for (let step = left.shift(); step; step = left.shift()) {
      const result = await timed(step, { root, env })
      const mark = result.status === 0 ? 'ok  ' : 'FAIL'
      process.stdout.write(`${mark} ${result.name} (${result.seconds.toFixed(1)} s)\n`)
      if (result.status !== 0) failed.push(result)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  const [first] = failed
  if (!first) return 0
  process.stdout.write(`\n${first.name}:\n${first.output}\n`)
  return 1
}

/**
 * @param {CheckStep} step
 * @param {{ root: string, env: NodeJS.ProcessEnv }} where
 * @returns {Promise<CheckResult>}
 */
async function timed({ name, command }, { root, env }) {
  const start = performance.now()
  const { status, output } = await run(command, { cwd: root, env, quiet: true })
  return { name, status, output, seconds: (performance.now() - start) / 1000 }
}
