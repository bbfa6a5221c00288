import { fileURLToPath } from 'node:url'
import { ensureCurrentEngine, testCurrentEngine } from './bootstrap/current-engine.js'
import { BootstrapError } from './bootstrap/failure.js'
import { ensureGoTools } from './bootstrap/go.js'
import { MODES, handOver } from './bootstrap/modes.js'
import { ensurePackages } from './bootstrap/packages.js'
import { needsEngine } from './bootstrap/plan.js'
import { prepare } from './bootstrap/prepare.js'
import { ensurePythonTools } from './bootstrap/python.js'

/**
 * What `npm start`, `npm test` and the other scripts run first, with any Node from 18 on and before
 * any package is there: it brings the packages, sees that a Docker Engine answers, and hands over
 * to the pinned runtime.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
/** Those that also run other people's suites. */
const SUITE_MODES = ['test', 'test-engine-current']
const [mode = '', ...args] = process.argv.slice(2)

try {
  process.exitCode = await bootstrap()
} catch (error) {
  // Anything else is a bug, and its stack is wanted.
  if (!(error instanceof BootstrapError)) throw error
  say(error.message)
  for (const line of error.lines) process.stderr.write(`  ${line}\n`)
  process.exitCode = error.exitCode
}

async function bootstrap() {
  const env = process.env
  if (!MODES.includes(mode)) {
    throw new BootstrapError(`There is no mode "${mode}"; there are ${MODES.join(', ')}`)
  }
  const checkOnly = env['CLOUDLET_BOOTSTRAP'] === 'check'
  // The engine alone needs no package, and is often wanted before there is one.
  if (mode !== 'engine') await ensurePackages(root, { say, env, checkOnly })
  if (needsEngine(mode)) await prepare({ mode, env, checkOnly, say })
  const tools = { say, env, checkOnly }
  if (SUITE_MODES.includes(mode)) {
    await ensurePythonTools(root, tools)
    await ensureGoTools(root, tools)
  }
  if (mode === 'test-engine-current') {
    return testCurrentEngine(root, { args, env, programs: await ensureCurrentEngine(tools) })
  }
  return handOver({ root, mode, args, env })
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`cloudlet: ${message}\n`)
}
