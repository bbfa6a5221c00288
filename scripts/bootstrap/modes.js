import { homedir } from 'node:os'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './check.js'
import { DENO_FLAGS, testUnderDeno } from './deno.js'
import { BootstrapError } from './failure.js'
import { pinnedRuntime } from './packages.js'
import { run } from './run.js'

/**
 * @typedef {object} Asked
 * @property {string} root the clone's folder
 * @property {string} mode
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 */

/**
 * What each mode hands over to once the machine is ready: programs, run one after the other.
 *
 * @type {Record<string, (asked: Asked) => string[][]>}
 */
const COMMANDS = {
  engine: () => [],
  start: (asked) => [startCommand(asked)],
  test: ({ root, args }) => [nodeCommand(root, 'test/run.ts', ...args)],
  'test-deno-smoke': ({ root }) => [
    nodeCommand(root, 'test/run.ts', '--only', 'test/engine/smoke.test.ts'),
  ],
  bench: ({ root, args }) => [nodeCommand(root, 'bench/run.ts', ...args)],
  'db-generate': ({ root, args }) => [
    nodeCommand(root, 'node_modules/drizzle-kit/bin.cjs', 'generate', ...args),
    nodeCommand(root, 'db/strict.ts'),
  ],
  simulate: ({ root, args }) => [nodeCommand(root, 'test/simulation/run.ts', ...args)],
  generate: ({ root, args }) => [nodeCommand(root, 'scripts/generate.ts', ...args)],
}

export const MODES = [...Object.keys(COMMANDS), 'test-deno', 'test-engine-current', 'check']

/** @param {Asked} asked @returns {Promise<number>} the exit status */
export async function handOver(asked) {
  const { root, mode, args } = asked
  if (mode === 'check') return check(root, asked.env)
  if (mode === 'test-deno') return testUnderDeno(root, { args, env: asked.env })

  const env = {
    // Compiled code is kept, so that the next start has not to compile it again.
    ...(mode === 'start' ? { NODE_COMPILE_CACHE: compileCache(asked.env) } : {}),
    ...asked.env,
    ...(mode === 'test-deno-smoke' ? { CLOUDLET_TEST_RUNTIME: 'deno' } : {}),
  }
  for (const command of commandsOf(asked)) {
    const { status } = await run(command, { env, cwd: root })
    if (status !== 0) return status
  }
  return 0
}

/** @param {Asked} asked */
export function commandsOf(asked) {
  return COMMANDS[asked.mode]?.(asked) ?? []
}

/** @param {Asked} asked */
function startCommand({ root, args }) {
  const own = args.filter((word) => word !== '--deno')
  if (own.length === args.length) return nodeCommand(root, 'src/main.ts', ...own)
  return [pinnedRuntime(root, 'deno'), 'run', ...DENO_FLAGS, join(root, 'src/main.ts'), ...own]
}

/** @param {string} root @param {string} file @param {...string} args */
function nodeCommand(root, file, ...args) {
  const path = join(root, file)
  if (!existsSync(path)) throw new BootstrapError(`Cannot run ${file}: there is no such file`)
  return [pinnedRuntime(root, 'node'), path, ...args]
}

/** @param {NodeJS.ProcessEnv} env */
const compileCache = (env) => join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cloudlet')
