import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { BootstrapError } from './failure.js'
import { SYSTEM_PATH, run } from './run.js'

/** invoke-rc.d asks this program before it starts a service; 101 means "do not". */
const POLICY_FILE = '/usr/sbin/policy-rc.d'

const POLICY = '#!/bin/sh\n# Put here for the time of one installation by Cloudlet.\nexit 101\n'
const LOCK_TIMEOUT = 'DPkg::Lock::Timeout=300'

/**
 * Installs Debian packages without starting their services: a registry on port 5000 is not what
 * somebody who runs tests asked for, and the engine is started by us once it is configured.
 *
 * @param {string[]} packages
 * @param {{ say: (message: string) => void, env: NodeJS.ProcessEnv, policyFile?: string,
 *   runner?: typeof run }} tools
 */
export async function installPackages(packages, tools) {
  const { say, env, policyFile = POLICY_FILE, runner = run } = tools
  const aptEnv = { ...env, PATH: SYSTEM_PATH, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', '-o', LOCK_TIMEOUT]
  const apt = (/** @type {string[]} */ command) => runner(command, { env: aptEnv, quiet: true })

  return withoutServiceStarts(policyFile, async () => {
    // Package lists may be old or absent. The installation itself tells: it fails, and only then
    // is the time for an update spent.
    const first = await apt([...install, ...packages])
    if (first.status === 0) return
    if (first.status > 128) throw interrupted(first.status)
    say('Updating the package lists')
    await apt(['apt-get', 'update', '-q', '-o', LOCK_TIMEOUT])
    const second = await apt([...install, ...packages])
    if (second.status > 128) throw interrupted(second.status)
    if (second.status !== 0) {
      throw new BootstrapError(
        `Cannot install ${packages.join(', ')}:\n${second.output.slice(-4000)}`,
      )
    }
  })
}

/**
 * The operator's own policy is kept beside and put back, whatever happens to `work`.
 *
 * @template T
 * @param {string} policyFile
 * @param {() => Promise<T>} work
 */
export async function withoutServiceStarts(policyFile, work) {
  const { kept, absent } = marks(policyFile)
  restorePolicy(policyFile)
  // The signals go to apt-get through run(); this process has to live until it has cleaned up.
  for (const signal of SIGNALS) process.on(signal, ignore)
  try {
    if (existsSync(policyFile)) renameSync(policyFile, kept)
    else writeFileSync(absent, '')
    writeFileSync(policyFile, POLICY)
    chmodSync(policyFile, 0o755)
    return await work()
  } finally {
    restorePolicy(policyFile)
    for (const signal of SIGNALS) process.off(signal, ignore)
  }
}

/** Whether a bootstrap is at work with the policy, or was killed while it was. */
export function policyReplaced(policyFile = POLICY_FILE) {
  return Object.values(marks(policyFile)).some((path) => existsSync(path))
}

/** Puts back what was there before; nothing happens when nothing was replaced. */
export function restorePolicy(policyFile = POLICY_FILE) {
  const { kept, absent } = marks(policyFile)
  if (existsSync(kept)) renameSync(kept, policyFile)
  else if (existsSync(absent)) rmSync(policyFile, { force: true })
  rmSync(absent, { force: true })
}

/** @param {string} policyFile */
function marks(policyFile) {
  return {
    kept: `${policyFile}.before-cloudlet`,
    absent: `${policyFile}.absent-before-cloudlet`,
  }
}

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** @param {number} status */
function interrupted(status) {
  return new BootstrapError('The installation was interrupted', { exitCode: status })
}

function ignore() {}
