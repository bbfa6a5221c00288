import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackages } from './apt.js'
import { BootstrapError } from './failure.js'
import { withLock } from './lock.js'
import { pinnedRuntime } from './packages.js'
import { SYSTEM_PATH, run } from './run.js'
import { program } from './system.js'

/**
 * The engine that users of docker-ce run today, as Go modules of exact versions. Docker's releases are
 * no versions of its module; what is named here was made from the sources between 29.8.0 and 29.8.1.
 */
export const CURRENT_ENGINE = {
  version: '29.8.1',
  modules: [
    {
      path: 'github.com/moby/moby/v2',
      version: 'v2.0.0-beta.24',
      programs: ['cmd/dockerd', 'cmd/docker-proxy'],
      // Whoever builds it says which release it is.
      flags: ['-ldflags=-X github.com/moby/moby/v2/dockerversion.Version=29.8.1'],
      cgo: false,
    },
    {
      path: 'github.com/containerd/containerd/v2',
      version: 'v2.4.2',
      programs: ['cmd/containerd', 'cmd/containerd-shim-runc-v2'],
      flags: [],
      cgo: false,
    },
    {
      path: 'github.com/opencontainers/runc',
      version: 'v1.5.2',
      programs: [''],
      flags: ['-tags=seccomp'],
      cgo: true,
    },
  ],
}

/** What building it needs of Debian, and a file or program that proves it is there. */
const BUILD_PACKAGES = {
  gcc: 'gcc',
  'pkg-config': 'pkg-config',
  'libseccomp-dev': '/usr/include/seccomp.h',
}

/** Its own 1.19 fetches no newer one of itself, so Debian's Go is none of the packages above. */
const GO_PATH = `/usr/local/go/bin:${SYSTEM_PATH}`
const OUTPUT_SHOWN = 4000
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * The folder of the engine's programs, which are built where the cache has none.
 *
 * @param {{ env: NodeJS.ProcessEnv, say: (message: string) => void, checkOnly: boolean }} tools
 */
export async function ensureCurrentEngine({ env, say, checkOnly }) {
  const cache = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cloudlet')
  const folder = join(cache, `engine-${engineKey()}`)
  if (existsSync(folder)) return folder
  if (checkOnly) {
    throw new BootstrapError(`The current engine is not built: there is no ${folder}`)
  }
  await withLock(join(cache, 'engine.lock'), say, async () => {
    if (existsSync(folder)) return // the other bootstrap has done it
    await installBuildPackages({ env, say })
    const since = Date.now()
    say(
      `Building the Docker Engine ${CURRENT_ENGINE.version} from Go modules, once: 6 to 30 minutes`,
    )
    await build(folder, env)
    say(`Built it in ${Math.ceil((Date.now() - since) / 60_000)} min: ${folder}`)
  })
  return folder
}

/** Names the versions of all its parts: another of any is another engine. */
export function engineKey(modules = CURRENT_ENGINE.modules) {
  return modules.map(({ version }) => version.replace(/^v/, '')).join('_')
}

/**
 * The commands that build it, each with what is special in its environment.
 *
 * @param {string} go
 * @param {string} folder where the programs are to be
 */
export function buildCommands(go, folder, modules = CURRENT_ENGINE.modules) {
  return modules.map(({ path, version, programs, flags, cgo }) => ({
    command: [go, 'install', ...flags, ...programs.map((name) => `${join(path, name)}@${version}`)],
    // `auto` fetches the Go that a module asks for, where this one is older.
    env: { GOBIN: folder, GOFLAGS: '', GOTOOLCHAIN: 'auto', CGO_ENABLED: cgo ? '1' : '0' },
  }))
}

/** @param {string} folder @param {NodeJS.ProcessEnv} env */
async function build(folder, env) {
  const go = program('go', `${env['PATH'] ?? ''}:${GO_PATH}`)
  if (!go) {
    throw new BootstrapError('Building the current engine needs Go 1.21 or later', {
      lines: ['# from https://go.dev/dl/ into /usr/local/go, or anywhere in the PATH'],
    })
  }
  const unfinished = `${folder}.building`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  for (const { command, env: special } of buildCommands(go, unfinished)) {
    const { status, output } = await run(['nice', ...command], {
      env: { ...env, ...special },
      quiet: true,
    })
    if (status !== 0) {
      throw new BootstrapError(`Cannot build the engine:\n${output.slice(-OUTPUT_SHOWN)}`)
    }
  }
  renameSync(unfinished, folder)
}

/** @param {{ env: NodeJS.ProcessEnv, say: (message: string) => void }} tools */
async function installBuildPackages({ env, say }) {
  const path = `${env['PATH'] ?? ''}:${SYSTEM_PATH}`
  const missing = Object.entries(BUILD_PACKAGES)
    .filter(([, proof]) => (proof.startsWith('/') ? !existsSync(proof) : !program(proof, path)))
    .map(([name]) => name)
  if (missing.length === 0) return
  if (!program('apt-get', path)) {
    throw new BootstrapError(`Building the engine needs ${missing.join(', ')}`)
  }
  say(`Installing ${missing.join(' ')}`)
  await installPackages(missing, { env, say })
}

/**
 * Runs tests against it, in namespaces of its own for the network, the mounts and the processes: the
 * engine of the machine is not touched, and whatever happens all of it ends with the first process.
 *
 * @param {string} root
 * @param {{ args: string[], env: NodeJS.ProcessEnv, programs: string }} options
 * @returns {Promise<number>}
 */
export async function testCurrentEngine(root, { args, env, programs }) {
  const data = mkdtempSync(join(tmpdir(), 'cloudlet-current-engine-'))
  const command = withinCommand(root, { programs, data })
  try {
    return await group('unshare', [...command, ...args], { env, cwd: root })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

/**
 * What unshare(1) is told to run tests on a machine within this one, as `test/current-engine.ts` makes it.
 *
 * @param {string} root
 * @param {{ programs: string, data: string }} folders the engine's programs, and where it keeps its data
 */
export function withinCommand(root, { programs, data }) {
  const walls = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const tests = [pinnedRuntime(root, 'node'), join(root, 'test/current-engine.ts'), programs, data]
  // Process 1 has to be one that takes in the orphans of others.
  return [...walls, '--propagation', 'private', 'docker-init', '--', ...tests]
}

/**
 * Runs a program as the first of a group of its own, and hands what this process is told on to all of
 * the group: unshare is deaf for as long as its child lives.
 *
 * @param {string} path
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd: string }} options
 * @returns {Promise<number>}
 */
function group(path, args, options) {
  const child = spawn(path, args, { ...options, stdio: 'inherit', detached: true })
  const pass = (/** @type {NodeJS.Signals} */ signal) => {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  }
  for (const signal of SIGNALS) process.on(signal, pass)
  return new Promise((resolve) => {
    child.once('error', () => resolve(127))
    child.once('close', (code) => resolve(code ?? 1))
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, pass)
  })
}
