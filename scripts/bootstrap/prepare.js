import { createInterface } from 'node:readline/promises'
import { existsSync, rmSync } from 'node:fs'
import { isatty } from 'node:tty'
import { installPackages, policyReplaced, restorePolicy } from './apt.js'
import * as engine from './engine.js'
import { BootstrapError } from './failure.js'
import { withLock } from './lock.js'
import { PLATFORM_PACKAGES, TEST_PACKAGES, packagesOf, plan } from './plan.js'
import { SYSTEM_PATH, run } from './run.js'
import { isDebianFamily, missingPackages, program, textOf } from './system.js'

const DEFAULT_SOCKET = '/var/run/docker.sock'
const DAEMON_JSON = '/etc/docker/daemon.json'

/** One for the machine: two clones must not install, or start the engine, at the same time. */
const MACHINE_LOCK = '/run/cloudlet-bootstrap.lock'

/**
 * @typedef {object} Wish
 * @property {string} mode
 * @property {NodeJS.ProcessEnv} env
 * @property {boolean} checkOnly
 * @property {(message: string) => void} say
 *
 * @typedef {import('./plan.js').Facts} Facts
 * @typedef {import('./plan.js').Step} Step
 */

/** Sees that what the mode needs is on this machine and that its engine answers. */
export async function prepare(/** @type {Wish} */ wish) {
  const facts = await observe(wish)
  const steps = plan(facts)
  const repair = facts.root && !facts.checkOnly && policyReplaced()
  if (!changes(steps) && !repair) return apply(steps, facts, wish)
  // Under the lock the facts are looked at again: the one who held it may have done the work.
  await withLock(MACHINE_LOCK, wish.say, async () => {
    if (repair) restorePolicy()
    const fresh = await observe(wish)
    await apply(plan(fresh), fresh, wish)
  })
}

/** @param {Step[]} steps */
function changes(steps) {
  return steps.some((step) => step.do === 'install' || step.do === 'start-engine')
}

/** @param {Wish} wish @returns {Promise<Facts>} */
async function observe({ mode, env, checkOnly }) {
  const path = `${env['PATH'] ?? ''}:${SYSTEM_PATH}`
  const named = env['CLOUDLET_ENGINE']?.replace(/^unix:\/\//, '')
  const socket = named || DEFAULT_SOCKET
  const root = process.getuid?.() === 0
  const unisolated = env['CLOUDLET_UNISOLATED'] === '1'
  const packages = packagesOf({ mode, root, unisolated })
  const linux = process.platform === 'linux'
  return {
    mode,
    linux,
    root,
    unisolated,
    checkOnly,
    socket,
    ownSocket: socket !== DEFAULT_SOCKET && socket !== '/run/docker.sock',
    debian: isDebianFamily(textOf('/etc/os-release')) && program('apt-get', path) !== undefined,
    systemd: existsSync('/run/systemd/system'),
    terminal: isatty(0) && isatty(1),
    engine: linux ? await engine.engineState(socket) : 'silent',
    engineInstalled: program('dockerd', path) !== undefined,
    missing: missingPackages(packages, { ...PLATFORM_PACKAGES, ...TEST_PACKAGES }, path),
  }
}

/** @param {Step[]} steps @param {Facts} facts @param {Wish} wish */
async function apply(steps, facts, wish) {
  for (const step of steps) await applied(step, facts, wish)
}

/** @param {Step} step @param {Facts} facts @param {Wish} wish */
async function applied(step, facts, { env, say }) {
  switch (step.do) {
    case 'refuse':
      throw new BootstrapError(step.sentence, { lines: step.lines })
    case 'announce':
      return say(`This needs Debian packages that are missing: ${step.packages.join(' ')}`)
    case 'ask':
      return agreed(step.lines)
    case 'install':
      return install(step, { env, say })
    case 'start-engine':
      return startEngine(step.by, facts, { env, say })
    case 'judge-engine':
      return judge(facts, say)
  }
}

/** @param {string[]} lines */
async function agreed(lines) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const closed = new Promise((resolve) => terminal.once('close', () => resolve('no')))
  const answer = await Promise.race([terminal.question('Install them now? [Y/n] '), closed])
  terminal.close()
  if (/^(y(es)?)?$/i.test(String(answer).trim())) return
  throw new BootstrapError('Nothing was installed. To do it by hand, type:', { lines })
}

/**
 * @param {Extract<Step, { do: 'install' }>} step
 * @param {{ env: NodeJS.ProcessEnv, say: (message: string) => void }} tools
 */
async function install({ packages, configureEngine }, { env, say }) {
  // Before the installation, so that the engine never runs with other settings.
  const wrote = configureEngine && engine.configureEngine(DAEMON_JSON)
  try {
    say(`Installing ${packages.join(' ')}`)
    await installPackages(packages, { env, say })
  } catch (error) {
    if (wrote) rmSync(DAEMON_JSON, { force: true })
    throw error
  }
  for (const service of ['docker-registry', 'postgresql', 'nginx', 'haproxy', 'caddy']) {
    if (packages.includes(service)) await neverAtBoot(service)
  }
}

/** A package enables its service for the next boot even when it may not start it now. */
async function neverAtBoot(/** @type {string} */ service) {
  const path = SYSTEM_PATH
  if (program('systemctl', path)) await run(['systemctl', 'disable', service], { quiet: true })
  else if (program('update-rc.d', path)) {
    await run(['update-rc.d', service, 'disable'], { quiet: true })
  }
}

/**
 * @param {'systemd' | 'dockerd'} by
 * @param {Facts} facts
 * @param {{ env: NodeJS.ProcessEnv, say: (message: string) => void }} tools
 */
async function startEngine(by, { socket }, { env, say }) {
  const files = engine.engineFiles(socket)
  say('Starting the Docker Engine')
  if (by === 'systemd') return engine.startWithSystemd(files)
  const dockerd = program('dockerd', `${env['PATH'] ?? ''}:${SYSTEM_PATH}`)
  if (!dockerd) throw new BootstrapError('There is no dockerd to start')
  await engine.startDaemon(files, { program: dockerd, env })
}

/** @param {Facts} facts @param {(message: string) => void} say */
async function judge({ mode, socket }, say) {
  if (mode !== 'start') return
  const advice = engine.engineAdvice(await engine.engineInfo(socket), textOf(DAEMON_JSON))
  if (advice !== '') say(advice)
}
