import { spawn } from 'node:child_process'
import { pinnedRuntime } from './packages.js'

/** All permissions, no type check, this clone's own packages, and a fast UDP socket. */
export const DENO_FLAGS = ['-A', '--no-check', '--node-modules-dir=manual', '--unstable-net']

/**
 * Tests that need the engine, root or a browser run under Node, and the smoke test under both. A libSQL server that has
 * hung while it was written to is not written to again under Deno (docs/operations.md).
 */
const NODE_ONLY = [
  'test/engine',
  'test/bootstrap',
  'test/browser',
  'test/suites',
  'test/bench/ingress.test.ts',
  'test/db/remote-hang.test.ts',
].join(',')
const TAIL_CHARACTERS = 4096
/** Deno gives a test no time-out: one that waits for what never comes would hold up everything. */
const SILENT_MS = 5 * 60_000

/**
 * Runs the unit and contract tests under Deno, as many files at once as there are cores, and closes
 * with the same line as the runner for Node.
 *
 * @param {string} root
 * @param {{ args: string[], env: NodeJS.ProcessEnv, silentMs?: number }} options
 * @returns {Promise<number>}
 */
export async function testUnderDeno(root, { args, env, silentMs = SILENT_MS }) {
  const files = args.length > 0 ? args : [`--ignore=${NODE_ONLY}`, 'test/']
  const command = ['test', '--parallel', ...DENO_FLAGS, ...files]
  const child = spawn(pinnedRuntime(root, 'deno'), command, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let tail = ''
  const stuck = setTimeout(() => {
    process.stdout.write('\nNo test has ended for a long time: one hangs that is not named above\n')
    child.kill('SIGKILL')
  }, silentMs)
  child.stdout.on('data', (/** @type {Buffer} */ chunk) => {
    process.stdout.write(chunk)
    tail = (tail + chunk.toString()).slice(-TAIL_CHARACTERS)
    // Deno itself says now and then that a test still runs; that is no news.
    if (!chunk.includes('has been running for over')) stuck.refresh()
  })
  const status = await new Promise((resolve) => {
    child.on('error', () => resolve(127))
    child.on('close', (code) => resolve(code ?? 1))
  })
  clearTimeout(stuck)
  const { passed, failed } = denoCounts(tail)
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  return status !== 0 || failed > 0 || passed === 0 ? status || 1 : 0
}

/**
 * Reads Deno's summary, such as `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. An ignored
 * test has proved nothing, and no summary at all is a failure.
 *
 * @param {string} output
 */
export function denoCounts(output) {
  // oxlint-disable-next-line no-control-regex -- colours are control characters
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, '')
  const summary = [...plain.matchAll(/^(?:ok|FAILED) \| (.*)$/gm)].at(-1)?.[1]
  if (summary === undefined) return { passed: 0, failed: 1 }
  const count = (/** @type {string} */ word) =>
    Number(new RegExp(String.raw`(\d+) ${word}`).exec(summary)?.[1] ?? 0)
  return { passed: count('passed'), failed: count('failed') + count('ignored') }
}
