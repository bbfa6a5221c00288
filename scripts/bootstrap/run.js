import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Directories in which a program of the system may lie although a user's PATH leaves them out, as
 * Debian's does for everybody but root.
 */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What is kept of a quiet program's output: its end, where the reason of a failure is. */
const OUTPUT_CHARACTERS = 1 << 20

const FORWARDED = /** @type {const} */ (['SIGTERM', 'SIGHUP', 'SIGUSR2'])

/**
 * @typedef {object} Outcome
 * @property {number} status exit status; 128 + n for a signal, as a shell says it
 * @property {string} output what it wrote, when `quiet`
 */

/**
 * Runs a program to its end and forwards what this process is told by signals. It never throws for
 * a program that fails: the status says so.
 *
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, quiet?: boolean }} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, { env = process.env, cwd, quiet = false } = {}) {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    let output = ''
    const keep = (/** @type {string} */ chunk) => {
      output = (output + chunk).slice(-OUTPUT_CHARACTERS)
    }
    const child = spawn(program, args, {
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      ...(cwd ? { cwd } : {}),
    })
    const stopForwarding = forwardSignals(child)
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    const end = (/** @type {number} */ status, text = '') => {
      stopForwarding()
      resolve({ status, output: output + text })
    }
    child.on('error', (error) => end(127, `${program}: ${error.message}\n`))
    child.on('close', (code, signal) => end(signal ? 128 + constants.signals[signal] : (code ?? 1)))
  })
}

/** @param {import('node:child_process').ChildProcess} child */
function forwardSignals(child) {
  const pass = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal)
  // A terminal sends its interrupt to the whole foreground group, so the child has had it already;
  // a second one would mean "at once" to it.
  const interrupt = () => void (process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of FORWARDED) process.on(signal, pass)
  process.on('SIGINT', interrupt)
  return () => {
    for (const signal of FORWARDED) process.off(signal, pass)
    process.off('SIGINT', interrupt)
  }
}
